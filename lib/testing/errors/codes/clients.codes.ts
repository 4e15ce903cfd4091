import type { AadstsCodes } from '../aadsts-codes.js';

/** The client and how it authenticates. */
export const clients: AadstsCodes = {
  50013: { error: 'invalid_client', description: 'Assertion failed signature validation.', status: 401 },
  70001: { error: 'unauthorized_client', description: 'The application was not found in the directory.' },
  70002: { error: 'invalid_client', description: 'Error validating credentials.', status: 401 },
  70021: {
    error: 'invalid_client',
    description: 'No matching federated identity record found for presented assertion.',
    status: 401,
  },
  700016: { error: 'unauthorized_client', description: 'Application was not found in the directory.' },
  700021: {
    error: 'invalid_client',
    description: "Client assertion application identifier doesn't match 'client_id' parameter.",
    status: 401,
  },
  700023: {
    error: 'invalid_client',
    description: 'Client assertion audience claim does not match Realm issuer.',
    status: 401,
  },
  700024: {
    error: 'invalid_client',
    description: 'Client assertion is not within its valid time range.',
    status: 401,
  },
  700025: {
    error: 'invalid_client',
    description: "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.",
    status: 401,
  },
  700027: {
    error: 'invalid_client',
    description:
      'The certificate with identifier used to sign the client assertion is not registered on application.',
    status: 401,
  },
  700211: {
    error: 'invalid_client',
    description: 'No matching federated identity record found for presented assertion issuer.',
    status: 401,
  },
  700212: {
    error: 'invalid_client',
    description: 'No matching federated identity record found for presented assertion audience.',
    status: 401,
  },
  700213: {
    error: 'invalid_client',
    description: 'No matching federated identity record found for presented assertion subject.',
    status: 401,
  },
  5000224: {
    error: 'invalid_client',
    description:
      'The resource is not available. If you think you are seeing this message in error, contact your support team.',
    status: 401,
  },
  500112: {
    error: 'invalid_client',
    description:
      'The reply address does not match the reply address provided when requesting Authorization code.',
    status: 401,
  },
  7000112: { error: 'unauthorized_client', description: 'The application is disabled.' },
  7000114: {
    error: 'unauthorized_client',
    description: 'The application is not allowed to make application on-behalf-of calls.',
  },
  7000215: { error: 'invalid_client', description: 'Invalid client secret provided.', status: 401 },
  7000218: {
    error: 'invalid_client',
    description:
      "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    status: 401,
  },
  7000222: {
    error: 'invalid_client',
    description: 'The provided client secret keys are expired.',
    status: 401,
  },
  7000229: {
    error: 'unauthorized_client',
    description: 'The client application is missing service principal in the tenant.',
  },
};
