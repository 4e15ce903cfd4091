import type { VerifiedClaims } from '../verified-claims.js';

/**
 * The `claims` of a token request that ask for an authentication context.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/claims-challenge
 */
export function requestFor(context: string): string {
  return JSON.stringify({ access_token: { acrs: { essential: true, value: context } } });
}

export function hasAuthenticationContext({ acrs }: VerifiedClaims, context: string): boolean {
  return Array.isArray(acrs) && acrs.includes(context);
}
