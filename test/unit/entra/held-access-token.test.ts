import { expect, it } from '@jest/globals';

import { HeldAccessToken } from '../../../lib/entra/held-access-token.js';

const init = { token: 'a', acquiredAt: 0, expiresOnTimestamp: 3_600_000 };

it('has no more than was given: a bearer token of a clock that is right', () => {
  const held = new HeldAccessToken(init);
  expect(held).toMatchObject({ ...init, tokenType: 'Bearer', clockAheadInMs: 0, tenantId: undefined });
});

it('keeps what was given', () => {
  const more = { tokenType: 'pop', clockAheadInMs: -5, tenantId: 't', refreshAfterTimestamp: 7 } as const;
  expect(new HeldAccessToken({ ...init, ...more })).toMatchObject(more);
});

it('cannot be changed by one of the callers that share it', () => {
  const held = new HeldAccessToken(init);
  expect(() => Object.assign(held, { expiresOnTimestamp: 0 })).toThrow(TypeError);
  expect(held.expiresOnTimestamp).toBe(3_600_000);
});

it.each<[string, number, number | undefined, number, number | undefined, boolean]>([
  ['this machine’s clock, where the issuer’s is known for none', 1, undefined, 2, undefined, true],
  ['this machine’s clock, where the issuer’s is known for one', 1, 9, 2, undefined, true],
  ['this machine’s clock, where the issuer’s is known for the other', 1, undefined, 2, 0, true],
  ['the issuer’s clock, where it is known for both', 1, 9, 2, 8, false],
  ['the issuer’s clock, and at the same time is not before', 1, 9, 2, 9, false],
  ['this machine’s clock, and at the same time is not before', 2, undefined, 2, undefined, false],
])('ends before another by %s', (_, ends, issuers, othersEnd, othersIssuers, expected) => {
  const tokenOf = (expiresOnTimestamp: number, byIssuer: number | undefined): HeldAccessToken => {
    const clockAheadInMs = byIssuer === undefined ? undefined : expiresOnTimestamp - byIssuer;
    return new HeldAccessToken({ ...init, expiresOnTimestamp, clockAheadInMs });
  };
  const held = tokenOf(ends, issuers);
  const other = tokenOf(othersEnd, othersIssuers);
  expect(held.expiresBefore(other)).toBe(expected);
});
