import { randomUUID } from 'node:crypto';
import type { EndpointRequest, EndpointResponse } from '../http/endpoint.js';

/** A refusal of Graph. */
export interface GraphRefusal {
  status: number;
  code: string;
  message: string;
  headers?: Record<string, string>;
}

/** What Graph answers to an application where a person is meant, whatever its permissions. */
export const delegatedOnly: GraphRefusal = {
  status: 400,
  code: 'BadRequest',
  message: '/me request is only valid with delegated authentication flow.',
};

/** What Graph answers to a token without the permission. */
export const insufficientPrivileges: GraphRefusal = {
  status: 403,
  code: 'Authorization_RequestDenied',
  message: 'Insufficient privileges to complete the operation.',
};

/** What Graph answers for an unknown object. */
export function resourceNotFound(id: string): GraphRefusal {
  return {
    status: 404,
    code: 'Request_ResourceNotFound',
    message: `Resource '${id}' does not exist or one of its queried reference-property objects are not present.`,
  };
}

/** What Graph answers where its schema has nothing. */
export function unknownSegment(segment: string): GraphRefusal {
  return { status: 400, code: 'BadRequest', message: `Resource not found for the segment '${segment}'.` };
}

/** What Graph answers to a token that it does not take. */
export function unauthorized(message: string, parameters = ''): GraphRefusal {
  return {
    status: 401,
    code: 'InvalidAuthenticationToken',
    message,
    headers: {
      'www-authenticate': `Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", client_id="00000003-0000-0000-c000-000000000000"${parameters}`,
    },
  };
}

/**
 * The same with the claims that another token needs.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/claims-challenge
 */
export function challenge(message: string, claims: string): GraphRefusal {
  const encoded = Buffer.from(claims).toString('base64');
  return unauthorized(message, `, error="insufficient_claims", claims="${encoded}"`);
}

/**
 * The refusal as it goes out.
 *
 * @param now - Milliseconds since 1970
 * @see https://learn.microsoft.com/graph/errors
 */
export function graphError(refusal: GraphRefusal, request: EndpointRequest, now: number): EndpointResponse {
  const requestId = randomUUID();
  const given = request.headers['client-request-id'];
  const ids = { 'request-id': requestId, 'client-request-id': typeof given === 'string' ? given : requestId };
  const date = new Date(now).toISOString().slice(0, 19);
  const { status, code, message, headers } = refusal;
  return {
    status,
    headers: { ...headers, ...ids },
    body: { error: { code, message, innerError: { date, ...ids } } },
  };
}
