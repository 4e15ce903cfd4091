import { EntraError } from '../errors/entra.error.js';
import type { GrantFault, TokenFault } from '../faults/fault.js';

/** A request at the token endpoint of a tenant that exists. */
export interface TokenRequest {
  tenantId: string;
  /** The tenant as the path names it: by ID or domain. */
  tenantName: string;
  /** Of the endpoint: 1.0 takes a `resource` where 2.0 takes a `scope`, and answers with strings. */
  version: '1.0' | '2.0';
  parameters: URLSearchParams;
  /** The `Authorization` header. */
  authorization: string | undefined;
  /** The `Origin` header: only the page of a single-page application sends one. */
  origin: string | undefined;
  tokenFault: TokenFault | undefined;
  grantFault: GrantFault | undefined;
}

/** @throws EntraError AADSTS900144 when the parameter is missing or empty */
export function requireParameter(parameters: URLSearchParams, name: string): string {
  const value = parameters.get(name) ?? '';
  if (value !== '') return value;
  throw new EntraError(900144, {
    description: `The request body must contain the following parameter: '${name}'.`,
  });
}
