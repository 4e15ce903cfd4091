import { redactJsonWebTokens } from '../common/redaction.js';
import { HeldAccessToken } from '../entra/held-access-token.js';
import { readClaims } from '../entra/json-web-token.js';
import type { AccessToken } from '../entra/token-credential.js';
import type { RefusedToken } from './database.error.js';
import { isGuest, principalTypeOf, userNameOf } from './principal-type.js';
import type { ResolvedDatabase } from './resolved-database.js';
import { roleNamedBy } from './role-name.resolver.js';

/** Finds what may be told of a token that a server refused. */
export function refusedToken(
  token: AccessToken | undefined,
  role: string | undefined,
  { roleNameFromToken }: ResolvedDatabase,
): { token?: RefusedToken } {
  if (!(token instanceof HeldAccessToken)) return {};
  const { acquiredAt, expiresOnTimestamp } = token;
  const claims = readClaims(token.token) ?? {};
  const userName = userNameOf(claims);
  const named = [userName, roleNameFromToken && roleNamedBy(roleNameFromToken, claims)[0]];
  return {
    token: {
      acquiredAt,
      expiresOnTimestamp,
      sizeInBytes: Buffer.byteLength(token.token),
      principalType: principalTypeOf(claims),
      isGuest: isGuest(claims),
      namesRole: named.some((name) => name !== undefined && name.toLowerCase() === role?.toLowerCase()),
      ...(typeof claims.oid === 'string' ? { oid: claims.oid } : {}),
      ...(typeof claims.appid === 'string' ? { appid: claims.appid } : {}),
      ...(userName === undefined ? {} : { userName }),
    },
  };
}

/**
 * Removes tokens from the texts of an error: a server may repeat what it was sent, in an earlier login too.
 *
 * @param texts the properties of the driver's errors that hold words of the server
 */
export function withoutToken(error: Error, token: string, texts: readonly string[]): Error {
  for (const key of ['message', 'stack', ...texts]) {
    const text: unknown = Reflect.get(error, key);
    if (typeof text !== 'string') continue;
    const clean = redactJsonWebTokens(text.replaceAll(token, '[redacted token]'));
    if (clean !== text) Reflect.set(error, key, clean);
  }
  return error;
}
