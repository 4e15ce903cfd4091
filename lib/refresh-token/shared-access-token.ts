import type { Timestamp } from '../common/clock.js';
import type { SharedAccessToken, StoredRefreshToken } from '../store/refresh-token-store.js';
import { isSharedAccessToken } from '../store/stored-refresh-token.js';
import type { TokenResponse } from './token-response.js';

/**
 * Returns the stored access token for a request if more than half of its life is left, and it is newer than the one that
 * was handed out here: a caller that asks again at half of the life wants a new one.
 */
export function usableSharedToken(
  stored: StoredRefreshToken | undefined,
  key: string,
  handedOut: SharedAccessToken | undefined,
  now: Timestamp,
): SharedAccessToken | undefined {
  const tokens = stored?.accessTokens;
  const shared = tokens !== undefined && Object.hasOwn(tokens, key) ? tokens[key] : undefined;
  if (shared === undefined || !isSharedAccessToken(shared)) return undefined;
  if (!isYoung(shared, now)) return undefined;
  const { token, acquiredOnTimestamp } = shared;
  const known =
    handedOut !== undefined &&
    (token === handedOut.token || acquiredOnTimestamp < handedOut.acquiredOnTimestamp);
  return known ? undefined : shared;
}

/** Whether more than half of its life is left. */
export function isYoung(
  { acquiredOnTimestamp, expiresOnTimestamp }: SharedAccessToken,
  now: Timestamp,
): boolean {
  return now < acquiredOnTimestamp + (expiresOnTimestamp - acquiredOnTimestamp) / 2;
}

/** Adds an access token to the stored ones, and drops those that have expired. */
export function withSharedToken(
  stored: StoredRefreshToken['accessTokens'],
  key: string,
  added: SharedAccessToken | undefined,
  now: Timestamp,
): StoredRefreshToken['accessTokens'] {
  const entries = Object.entries(stored ?? {}).filter(
    ([name, token]) => name !== key && isSharedAccessToken(token) && token.expiresOnTimestamp > now,
  );
  if (added !== undefined) entries.push([key, added]);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

export function sharedTokenOf(response: TokenResponse): SharedAccessToken {
  const { refreshAfterTimestamp } = response;
  return {
    token: response.accessToken,
    acquiredOnTimestamp: response.receivedOnTimestamp,
    expiresOnTimestamp: response.expiresOnTimestamp,
    ...(refreshAfterTimestamp !== undefined && { refreshAfterTimestamp }),
  };
}
