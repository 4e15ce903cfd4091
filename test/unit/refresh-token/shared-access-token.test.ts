import { describe, expect, it } from '@jest/globals';

import { usableSharedToken } from '../../../lib/refresh-token/shared-access-token.js';

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
