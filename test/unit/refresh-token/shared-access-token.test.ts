import { describe, expect, it } from '@jest/globals';

import {
  isYoung,
  sharedTokenOf,
  usableSharedToken,
  withSharedToken,
} from '../../../lib/refresh-token/shared-access-token.js';
import type { TokenResponse } from '../../../lib/refresh-token/token-response.js';

const hour = 3_600_000;
const tokenOf = (token: string, acquiredOnTimestamp: number) => ({
  token,
  acquiredOnTimestamp,
  expiresOnTimestamp: acquiredOnTimestamp + hour,
});
const storedWith = (accessTokens: Record<string, ReturnType<typeof tokenOf>>) => ({
  refreshToken: 'refresh',
  obtainedOnTimestamp: 0,
  accessTokens,
});

describe('usableSharedToken', () => {
  it.each([
    ['nothing was handed out', undefined, 'stored'],
    ['an older one was handed out', tokenOf('older', 500), 'stored'],
    ['it was handed out itself', tokenOf('stored', 1000), undefined],
    ['a newer one was handed out', tokenOf('newer', 1001), undefined],
  ])('when %s', (_, handedOut, expected) => {
    const stored = storedWith({ key: tokenOf('stored', 1000) });
    expect(usableSharedToken(stored, 'key', handedOut, 2000)?.token).toBe(expected);
  });
});

it('an access token is young in the first half of its life', () => {
  const token = tokenOf('t', 1_000);
  expect(isYoung(token, 1_000 + hour / 2 - 1)).toBe(true);
  expect(isYoung(token, 1_000 + hour / 2)).toBe(false);
});

describe('the access tokens that are stored', () => {
  const now = hour + 1_000;

  it('gain the new one, and lose the one before and those that have ended', () => {
    const stored = {
      key: tokenOf('before', 5_000),
      other: tokenOf('other', 1_001),
      ended: tokenOf('ended', 1_000),
      damaged: { ...tokenOf('damaged', 5_000), token: '' },
    };
    const added = tokenOf('new', 6_000);
    expect(withSharedToken(stored, 'key', added, now)).toEqual({ other: stored.other, key: added });
    expect(withSharedToken(stored, 'key', undefined, now)).toEqual({ other: stored.other });
  });

  it('are none when none is left', () => {
    expect(withSharedToken(undefined, 'key', undefined, now)).toBeUndefined();
    expect(withSharedToken({ a: tokenOf('a', 0) }, 'key', undefined, now)).toBeUndefined();
    expect(withSharedToken(undefined, 'key', tokenOf('a', 0), now)).toEqual({ key: tokenOf('a', 0) });
  });

  it('have the time at which the issuer wants a new one, if it told one', () => {
    const response = { accessToken: 't', receivedOnTimestamp: 1, expiresOnTimestamp: 3 };
    const shared = { token: 't', acquiredOnTimestamp: 1, expiresOnTimestamp: 3 };
    expect(sharedTokenOf(response as TokenResponse)).toEqual(shared);
    expect(sharedTokenOf(response as TokenResponse)).not.toHaveProperty('refreshAfterTimestamp');
    const told = { ...response, refreshAfterTimestamp: 2 } as TokenResponse;
    expect(sharedTokenOf(told)).toEqual({ ...shared, refreshAfterTimestamp: 2 });
  });
});
