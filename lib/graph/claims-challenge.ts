import { parseJsonObject } from '../common/json-object.js';
import { parseChallenges } from './authentication-challenge.js';

const base64 = /^[A-Za-z0-9+/_-]+={0,2}$/;

/**
 * The claims that a server wants in the next access token, out of the `WWW-Authenticate` header of its 401: what
 * Continuous Access Evaluation and Conditional Access send. Give them to `EntraTokenService.getToken` as `claims`.
 *
 * @param wwwAuthenticate the header as it came; several of them joined with commas, as `fetch` does
 * @returns the claims as JSON; `undefined` when the header is missing, is malformed or carries none
 * @see https://learn.microsoft.com/entra/identity-platform/claims-challenge
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1
 */
export function parseClaimsChallenge(wwwAuthenticate: string | null | undefined): string | undefined {
  for (const { scheme, parameters } of parseChallenges(wwwAuthenticate ?? '') ?? []) {
    const encoded = scheme === 'bearer' ? parameters.get('claims') : undefined;
    const claims = encoded === undefined ? undefined : decode(encoded);
    if (claims !== undefined) return claims;
  }
  return undefined;
}

/** Decodes base64 or base64url, with or without padding. */
function decode(encoded: string): string | undefined {
  if (!base64.test(encoded)) return undefined;
  const json = Buffer.from(encoded, 'base64').toString('utf8');
  return parseJsonObject(json) === undefined ? undefined : json;
}
