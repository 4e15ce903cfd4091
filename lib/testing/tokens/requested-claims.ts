import { EntraError } from '../errors/entra.error.js';
import type { VerifiedClaims } from './verified-token.js';

// What Entra puts into the token as it was asked for; other names ask for nothing that the local Entra knows.
const answered = ['xms_cc', 'acrs'];

/**
 * The claims of an access token that its `claims` parameter asks for: the client's capabilities, and the authentication
 * contexts of a claims challenge.
 *
 * @throws EntraError AADSTS9002313 when it is not JSON
 * @see https://learn.microsoft.com/entra/identity-platform/claims-challenge
 */
export function requestedClaims(parameters: URLSearchParams): Record<string, string[]> {
  const text = parameters.get('claims');
  if (text === null || text === '') return {};
  const wanted = members(members(parse(text)).access_token);
  return Object.fromEntries(
    answered.filter((name) => name in wanted).map((name) => [name, valuesOf(members(wanted[name]))]),
  );
}

function valuesOf({ value, values }: Record<string, unknown>): string[] {
  const all: unknown[] = Array.isArray(values) ? values : [value];
  return all.filter((one) => typeof one === 'string');
}

function members(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new EntraError(9002313);
  }
}

/**
 * The `claims` of a token request that ask for an authentication context.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/claims-challenge
 */
export function requestFor(context: string): string {
  return JSON.stringify({ access_token: { acrs: { essential: true, value: context } } });
}

/** The `claims` that ask for a token which is not older; in seconds since 1970. */
export function requestForNewer(notBefore: number): string {
  return JSON.stringify({ access_token: { nbf: { essential: true, value: String(notBefore) } } });
}

export function hasAuthenticationContext({ acrs }: VerifiedClaims, context: string): boolean {
  return Array.isArray(acrs) && acrs.includes(context);
}
