import { isObject } from '../common/option-checks.js';

/**
 * What keeps a value from being a `StoredRefreshToken`, in words that contain nothing of it; `undefined` for a good
 * one. Fields that a later version may add are let through.
 */
export function faultOfStored(value: unknown): string | undefined {
  if (!isObject(value)) return 'it is no object';
  const { refreshToken, obtainedOnTimestamp, accessTokens } = value;
  if (typeof refreshToken !== 'string' || refreshToken === '') return '"refreshToken" is no text';
  if (!Number.isFinite(obtainedOnTimestamp)) return '"obtainedOnTimestamp" is no time';
  if (accessTokens === undefined) return undefined;
  if (!isObject(accessTokens)) return '"accessTokens" is no object';
  return Object.values(accessTokens).every(isSharedAccessToken)
    ? undefined
    : 'one of the "accessTokens" lacks its token or a time';
}

function isSharedAccessToken(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { token, acquiredOnTimestamp, expiresOnTimestamp, refreshAfterTimestamp } = value;
  return (
    typeof token === 'string' &&
    Number.isFinite(acquiredOnTimestamp) &&
    Number.isFinite(expiresOnTimestamp) &&
    (refreshAfterTimestamp === undefined || Number.isFinite(refreshAfterTimestamp))
  );
}
