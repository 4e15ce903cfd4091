import { describe, expect, it } from '@jest/globals';

import { LoginRefusals } from '../../../lib/database/login-refusals.js';
import { HeldAccessToken } from '../../../lib/entra/held-access-token.js';

const retryInMs = 300_000;
const token = (acquiredAt: number): HeldAccessToken =>
  new HeldAccessToken({ token: `t${acquiredAt}`, expiresOnTimestamp: acquiredAt + 3_600_000, acquiredAt });
const [first, second, third] = [token(1), token(2), token(3)];

/** Refusals of a role for which a token has been replaced a moment ago: what it may now, it owes to no passing of time. */
function refusals(...tokens: HeldAccessToken[]): LoginRefusals {
  const made = new LoginRefusals(retryInMs);
  for (const login of ['role', 'another role']) made.renewed(login, 0);
  for (const one of tokens) made.refused('role', one);
  return made;
}

describe('LoginRefusals', () => {
  it('lets a token be replaced, however often it is refused', () => {
    expect(refusals(first, first, first).mayRenew('role', 0)).toBe(true);
  });

  it('takes a role that two tokens could not help for a wrong one, and tries it again but seldom', () => {
    const wrong = refusals(first, second);
    wrong.renewed('role', 0);
    expect(wrong.mayRenew('role', retryInMs - 1)).toBe(false);
    wrong.refused('role', third);
    expect(wrong.mayRenew('role', retryInMs - 1)).toBe(false);
    // It may have been repaired, or both tokens revoked: no restart is needed to find out.
    expect(wrong.mayRenew('role', retryInMs)).toBe(true);
  });

  it('does not wait for a time that a clock which was set back has still to reach', () => {
    const wrong = refusals(first, second);
    wrong.renewed('role', 100 * retryInMs);
    expect(wrong.mayRenew('role', 0)).toBe(true);
  });

  it('knows which token it was that was refused', () => {
    const wrong = refusals(first);
    expect([wrong.wasRefused('role', first), wrong.wasRefused('role', second)]).toEqual([true, false]);
    for (const next of [second, third]) wrong.refused('role', next);
    expect(wrong.wasRefused('role', third)).toBe(true);
    expect(wrong.wasRefused('another role', first)).toBe(false);
  });

  it('leaves other roles alone', () => {
    expect(refusals(first, second).mayRenew('another role', 0)).toBe(true);
  });

  it('begins anew when the role is accepted', () => {
    const repaired = refusals(first, second);
    repaired.accepted('role', second);
    expect(repaired.mayRenew('role', 0)).toBe(true);
  });

  it('does not count together what no two tries of one login were refused for', () => {
    const unlucky = refusals(first);
    // The second try met a server that was down; that token is revoked before it could serve.
    unlucky.tried('role');
    unlucky.refused('role', second);
    expect(unlucky.mayRenew('role', 0)).toBe(true);
  });

  it('counts the refusal of the second try', () => {
    const wrong = refusals(first, second);
    wrong.tried('role');
    expect(wrong.mayRenew('role', 0)).toBe(false);
  });

  it('tries a role that once worked again, but seldom', () => {
    const lost = refusals();
    lost.accepted('role', first);
    lost.refused('role', first);
    expect(lost.mayRenew('role', 1_000)).toBe(true);
    lost.renewed('role', 1_000);
    lost.refused('role', second);
    expect(lost.mayRenew('role', 1_000 + retryInMs - 1)).toBe(false);
    expect(lost.mayRenew('role', 1_000 + retryInMs)).toBe(true);
  });

  it('does not count a straggler with an older token than one that was accepted', () => {
    const busy = refusals(first);
    busy.accepted('role', second);
    busy.refused('role', first);
    busy.refused('role', second);
    expect(busy.mayRenew('role', 0)).toBe(true);
  });

  it('knows an acceptance that came before any refusal', () => {
    const busy = new LoginRefusals(retryInMs);
    busy.accepted('role', second);
    // A straggler of the time before: the newer token works.
    busy.refused('role', first);
    expect(busy.wasRefused('role', first)).toBe(false);
    expect(busy.wasRefused('role', second)).toBe(false);
  });

  it('lets a token be replaced for the first time after two refusals', () => {
    const fresh = new LoginRefusals(retryInMs);
    for (const one of [first, second]) fresh.refused('role', one);
    expect(fresh.mayRenew('role', 0)).toBe(true);
    fresh.renewed('role', 0);
    expect(fresh.mayRenew('role', 1)).toBe(false);
  });

  it('remembers the last two tokens that were refused, and no more', () => {
    const wrong = refusals(...[1, 2, 3, 4, 5].map(token), first, second, third);
    expect([first, second, third].map((one) => wrong.wasRefused('role', one))).toEqual([false, true, true]);
  });
});
