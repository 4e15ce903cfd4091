import type { AadstsCodes } from '../aadsts-codes.js';

/** The form of the request. */
export const requests: AadstsCodes = {
  50001: { error: 'invalid_resource', description: 'The resource is disabled or does not exist.' },
  50011: {
    error: 'invalid_request',
    description: 'The redirect URI specified in the request does not match those of the application.',
  },
  50027: { error: 'invalid_request', description: 'JWT token is invalid or malformed.' },
  50059: {
    error: 'invalid_request',
    description:
      'No tenant-identifying information found in either the request or implied by any provided credentials.',
  },
  50128: {
    error: 'invalid_request',
    description:
      'Invalid domain name - No tenant-identifying information found in either the request or implied by any provided credentials.',
  },
  50149: { error: 'invalid_request', description: 'Invalid Code_Challenge_method parameter.' },
  50194: {
    error: 'invalid_request',
    description:
      "Application is not configured as a multi-tenant application. Usage of the /common endpoint is not supported for such apps created after '10/15/2018'. Use a tenant-specific endpoint or configure the application to be multi-tenant.",
  },
  70003: { error: 'unsupported_grant_type', description: 'The app requested an unsupported grant type.' },
  70011: {
    error: 'invalid_scope',
    description: "The provided request must include a 'scope' input parameter.",
  },
  90002: { error: 'invalid_request', description: 'Tenant not found.' },
  90014: {
    error: 'invalid_request',
    description:
      'The required field is missing from the credential. Ensure that you have all the necessary parameters for the login request.',
  },
  500113: { error: 'invalid_request', description: 'No reply address is registered for the application.' },
  501491: { error: 'invalid_request', description: 'Invalid size of Code_Challenge parameter.' },
  700054: {
    error: 'unsupported_response_type',
    description: 'The response_type is not enabled for the application.',
  },
  9002325: {
    error: 'invalid_request',
    description: 'Proof Key for Code Exchange is required for cross-origin authorization code redemption.',
  },
  500011: { error: 'invalid_resource', description: 'The resource principal was not found in the tenant.' },
  700022: {
    error: 'invalid_request',
    description:
      "The provided value for the input parameter 'scope' is not valid because it contains more than one resource.",
  },
  900023: {
    error: 'invalid_request',
    description: 'Specified tenant identifier is neither a valid DNS name, nor a valid external domain.',
  },
  900144: { error: 'invalid_request', description: 'The request body is missing a parameter.' },
  900561: { error: 'invalid_request', description: 'The endpoint only accepts POST requests.' },
  1002012: { error: 'invalid_scope', description: 'The provided value for scope is not valid.' },
  9000411: {
    error: 'invalid_request',
    description: 'The request is not properly formatted. A parameter is duplicated.',
  },
  9002313: { error: 'invalid_request', description: 'Invalid request. Request is malformed or invalid.' },
  9002326: {
    error: 'invalid_request',
    description:
      "Cross-origin token redemption is permitted only for the 'Single-Page Application' client-type.",
  },
  9002327: {
    error: 'invalid_request',
    description:
      "Tokens issued for the 'Single-Page Application' client-type may only be redeemed via cross-origin requests.",
  },
};
