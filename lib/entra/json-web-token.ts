import { parseJsonObject } from '../common/json-object.js';

/**
 * The claims of an access token that this package looks at, as they came: nobody has checked them. Everything may be
 * absent: a token can be opaque. The times `exp`, `nbf` and `iat` are seconds since 1970.
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
 * Reads the claims of a JWT without checking its signature: the server does that. Access tokens may be opaque, and
 * then there is nothing to read.
 *
 * @returns `undefined` for anything that is not a readable JWT
 * @see https://www.rfc-editor.org/rfc/rfc7519
 */
export function readClaims(token: string): AccessTokenClaims | undefined {
  const parts = token.split('.');
  return parts.length === 3
    ? parseJsonObject(Buffer.from(parts[1] ?? '', 'base64url').toString('utf8'))
    : undefined;
}
