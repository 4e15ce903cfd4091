import { parseJsonObject } from '../common/json-object.js';

/**
 * The unverified claims of an access token. All are optional: a token can be opaque. `exp`, `nbf` and `iat` are in seconds
 * since the Unix epoch.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
 */
export interface AccessTokenClaims {
  aud?: unknown;
  exp?: unknown;
  nbf?: unknown;
  iat?: unknown;
  tid?: unknown;
  oid?: unknown;
  appid?: unknown;
  [claim: string]: unknown;
}

/**
 * Reads the claims of a JWT without checking its signature, which is up to the server.
 *
 * @returns `undefined` for an opaque token
 * @see https://www.rfc-editor.org/rfc/rfc7519
 */
export function readClaims(token: string): AccessTokenClaims | undefined {
  const parts = token.split('.');
  return parts.length === 3
    ? parseJsonObject(Buffer.from(parts[1] ?? '', 'base64url').toString('utf8'))
    : undefined;
}
