import { isObject } from '../common/option-checks.js';
import type { SharedAccessToken } from './refresh-token-store.js';

/**
 * Describes why a value cannot be a `StoredRefreshToken`, without repeating any of it. Unknown fields, as a later version
 * may add, are accepted.
 *
 * @returns `undefined` for a valid value
 */
export function faultOfStored(value: unknown): string | undefined {
  const fault = faultOfGrant(value);
  if (fault !== undefined) return fault;
  const { accessTokens } = value as { accessTokens?: unknown };
  if (accessTokens === undefined) return undefined;
  if (!isObject(accessTokens)) return '"accessTokens" is not an object';
  return Object.values(accessTokens).every(isSharedAccessToken)
    ? undefined
    : 'one of the "accessTokens" lacks its token or a time';
}

/** The same without the access tokens, which a redemption can do without. */
export function faultOfGrant(value: unknown): string | undefined {
  if (!isObject(value)) return 'it is not an object';
  const { refreshToken, obtainedOnTimestamp } = value;
  if (typeof refreshToken !== 'string' || refreshToken === '') return '"refreshToken" is not a text';
  return Number.isFinite(obtainedOnTimestamp) ? undefined : '"obtainedOnTimestamp" is not a time';
}

export function isSharedAccessToken(value: unknown): value is SharedAccessToken {
  if (!isObject(value)) return false;
  const { token, acquiredOnTimestamp, expiresOnTimestamp, refreshAfterTimestamp } = value;
  return (
    typeof token === 'string' &&
    token !== '' &&
    Number.isFinite(acquiredOnTimestamp) &&
    Number.isFinite(expiresOnTimestamp) &&
    (refreshAfterTimestamp === undefined || Number.isFinite(refreshAfterTimestamp))
  );
}
