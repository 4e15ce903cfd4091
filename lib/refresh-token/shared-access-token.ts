import type { SharedAccessToken, StoredRefreshToken } from '../store/refresh-token-store.js';
import { isSharedAccessToken } from '../store/stored-refresh-token.js';
import type { TokenResponse } from './token-response.js';

/**
 * The stored access token for a request, if it serves: more than half of its life is left, and it is newer than what was
 * handed out here before. Whoever asks again at half of the life wants another one.
 *
 * @param now milliseconds since 1970
 */
export function usableSharedToken(
  stored: StoredRefreshToken | undefined,
  key: string,
  handedOut: SharedAccessToken | undefined,
  now: number,
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
  now: number,
): boolean {
  return now < acquiredOnTimestamp + (expiresOnTimestamp - acquiredOnTimestamp) / 2;
}

/** The stored access tokens together with a new one, without those that have expired. */
export function withSharedToken(
  stored: StoredRefreshToken['accessTokens'],
  key: string,
  added: SharedAccessToken | undefined,
  now: number,
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
