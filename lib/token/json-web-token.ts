/** The claims of an access token that this package looks at. Everything may be absent: a token can be opaque. */
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
  if (parts.length !== 3) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(parts[1] ?? '', 'base64url').toString('utf8'));
    return typeof claims === 'object' && claims !== null && !Array.isArray(claims)
      ? (claims as AccessTokenClaims)
      : undefined;
  } catch {
    // Not JSON: an opaque or encrypted token, which is allowed.
    return undefined;
  }
}
