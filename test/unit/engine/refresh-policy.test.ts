import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import {
  isExpiring,
  livesOnlyAMoment,
  nextAttemptAfterFailedChallenge,
  nextAttemptAfterFailure,
  nextAttemptAfterSameToken,
  refreshDueAt,
  usableUntil,
  type TokenTimes,
} from '../../../lib/engine/refresh-policy.js';
import { defaultRefreshPolicy as policy } from '../../../lib/options/resolve-refresh-options.js';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

const token = (life: number, refreshAfter?: number): TokenTimes => ({
  acquiredAt: 0,
  expiresOnTimestamp: life,
  ...(refreshAfter === undefined ? {} : { refreshAfterTimestamp: refreshAfter }),
});

describe('refreshDueAt', () => {
  it.each([
    ['an hour', token(hour), 0, 30 * minute],
    ['an hour, with all of the jitter', token(hour), 1, 27 * minute],
    ['a day', token(day), 0, 12 * hour],
    ['eight seconds', token(8 * second), 0, 4 * second],
    ['a day, and the issuer wants it sooner', token(day, 6 * hour), 0, 6 * hour],
    [
      'an hour, and the issuer wants it later than half of its life',
      token(hour, 50 * minute),
      0,
      30 * minute,
    ],
    ['an hour, and the issuer wants it at once', token(hour, 0), 0, second],
    ['a day, and the issuer has it ready at half of its life', token(day, 12 * hour), 0, 12 * hour],
    ['a day, the same with all of the jitter', token(day, 12 * hour), 1, 12.6 * hour],
    ['two seconds, and the issuer wants it at once', token(2 * second, 0), 0, second],
    ['two seconds, with all of the jitter', token(2 * second), 1, second],
  ])('of a token that lives %s', (_, times, random, due) => {
    expect(refreshDueAt(times, policy, random)).toBe(due);
  });

  it('lies inside the life of every token, whatever the refresh time of the issuer', () => {
    const life = fc.integer({ min: 5 * second, max: 90 * day });
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(life, fc.option(fc.integer(), { nil: undefined }), random, (ms, refreshAfter, chance) => {
        const due = refreshDueAt(token(ms, refreshAfter), policy, chance);
        expect(due).toBeGreaterThan(0);
        expect(due).toBeLessThanOrEqual(ms * 0.525);
      }),
    );
  });
});

describe('usableUntil', () => {
  it.each([
    ['a day', day, day - 30 * second],
    ['an hour', hour, hour - 30 * second],
    ['a minute', minute, minute - 6 * second],
    ['five seconds', 5 * second, 4_500],
  ])('keeps a margin at the end of a token that lives %s', (_, life, end) => {
    expect(usableUntil(token(life))).toBe(end);
  });
});

describe('nextAttemptAfterSameToken', () => {
  const next = (times: TokenTimes, now: number, random = 0): number | undefined =>
    nextAttemptAfterSameToken(times, now, random, policy);

  it.each([
    ['an hour, half of which is left', token(hour), 30 * minute, 45 * minute],
    ['a day, 40 minutes of which are left', token(day), day - 40 * minute, day - 20 * minute],
    ['a minute, half of which is left', token(minute), 30 * second, 45 * second],
    ['five seconds, one of which is left', token(5 * second), 4 * second, 4_500],
  ])('waits for a share of what is left of %s', (_, times, now, at) => {
    expect(next(times, now)).toBe(at);
  });

  it.each([
    ['half of which is left', 12 * hour, 12.5 * hour],
    ['an hour of which is left', 23 * hour, 23.5 * hour],
  ])('asks again within half an hour for a day-long token, %s', (_, now, at) => {
    expect(next(token(day), now)).toBe(at);
    expect(next(token(day), now, 1)).toBe(at - 3 * minute);
  });

  it('goes by the share that is configured', () => {
    const own = { shareOfLife: 0.8, jitter: 0.1 };
    expect(nextAttemptAfterSameToken(token(hour), 30 * minute, 0, own)).toBe(54 * minute);
    expect(nextAttemptAfterSameToken(token(hour), 30 * minute, 1, own)).toBe(51 * minute);
  });

  it('waits for the issuer’s time when that comes sooner', () => {
    expect(next(token(day, 12 * hour), 11.75 * hour)).toBe(12 * hour);
    expect(next(token(day, 12 * hour), 11.75 * hour, 0.5)).toBe(11.75 * hour + 15 * minute + 2.5 * second);
    expect(next(token(day, 23 * hour), 11 * hour)).toBe(11.5 * hour);
    expect(next(token(day, 12 * hour), 13 * hour)).toBe(13.5 * hour);
  });

  it('adds jitter', () => {
    expect(next(token(hour), 30 * minute, 1)).toBe(43.5 * minute);
  });

  it('asks again after five minutes when the clock was set back behind the token’s receipt', () => {
    expect(next({ acquiredAt: hour, expiresOnTimestamp: 2 * hour }, 0, 0.5)).toBe(302.5 * second);
  });

  it('gives up on a token that should have been replaced by now', () => {
    expect(next(token(hour), hour - 300 * second)).toBeUndefined();
    expect(next(token(minute), 54 * second)).toBeUndefined();
  });
});

describe('livesOnlyAMoment', () => {
  it.each([
    [1, true],
    [1_500, true],
    [1_501, false],
    [5 * second, false],
  ])('of a token that lives %i ms', (life, moment) => {
    expect(livesOnlyAMoment(token(life))).toBe(moment);
  });
});

describe('nextAttemptAfterFailure', () => {
  const next = (situation: Partial<Parameters<typeof nextAttemptAfterFailure>[0]>): number =>
    nextAttemptAfterFailure({ now: 0, random: 0.999, failures: 1, retryable: true, ...situation }, policy);

  it.each([
    [1, 999],
    [2, 1_998],
    [3, 3_996],
    [6, 29_970],
    [1_000, 29_970],
  ])('doubles the bound of the random delay up to 30 s (failure %i)', (failures, delay) => {
    expect(next({ failures })).toBeCloseTo(delay);
  });

  it.each([
    // Half of the life is left, less the last three minutes: 27 minutes, of which four fifths are 21.6.
    ['an hour, at half of it, at the soonest', hour, 30 * minute, 0, 16.2 * minute],
    ['an hour, at half of it, on average', hour, 30 * minute, 0.5, 21.6 * minute],
    ['an hour, at half of it, at the latest', hour, 30 * minute, 0.999, 26.99 * minute],
    ['an hour, ten minutes before its end', hour, 50 * minute, 0, 4.2 * minute],
    ['a day, at half of it, at the soonest', day, 12 * hour, 0, 22.5 * minute],
    ['a day, at half of it, on average', day, 12 * hour, 0.5, 30 * minute],
    ['a day, at half of it, at the latest', day, 12 * hour, 0.999, 37.485 * minute],
  ])('waits for a share of what is left of the held token: %s', (_, life, now, random, delay) => {
    expect((next({ now, random, failures: 2, held: token(life) }) - now) / minute).toBeCloseTo(
      delay / minute,
    );
  });

  it('tries again at once after a first failure, which may be all there was', () => {
    expect(next({ now: 30 * minute, held: token(hour) }) - 30 * minute).toBeCloseTo(999);
  });

  it.each([0.2, 0.4, 0.6, 0.9])(
    'begins a share of %d on average, and never ends after all of it',
    (share) => {
      const backoff = { ...policy.backoff, shareOfLifeLeft: share };
      const delay = (random: number): number =>
        nextAttemptAfterFailure(
          { now: 30 * minute, random, failures: 2, retryable: true, held: token(hour) },
          { ...policy, backoff },
        ) -
        30 * minute;
      expect(delay(0.5) / (27 * minute)).toBeCloseTo(share);
      expect(delay(0.999_999) / (27 * minute)).toBeCloseTo(Math.min(1, 2 * share));
      expect(delay(0) / (27 * minute)).toBeCloseTo(Math.max(0, 2 * share - 1));
    },
  );

  it('is no longer calm in the last three minutes of the held token', () => {
    // The closer they are, the shorter the wait, until backoff is longer.
    const near = next({ now: 56 * minute, random: 0.5, failures: 2, held: token(hour) });
    expect(near).toBeCloseTo(56.8 * minute);
    expect(next({ now: 56.9 * minute, failures: 6, held: token(hour) })).toBeCloseTo(56.9 * minute + 29_970);
    expect(next({ now: 57 * minute, failures: 3, held: token(hour) })).toBeCloseTo(57 * minute + 3_996);
    expect(next({ now: 4 * minute, held: token(8 * minute) })).toBeCloseTo(4 * minute + 999);
  });

  it('goes by backoff alone when that is turned off', () => {
    const backoff = { ...policy.backoff, shareOfLifeLeft: 0 };
    const situation = { now: 0, random: 0.999, failures: 2, retryable: true, held: token(hour) };
    expect(nextAttemptAfterFailure(situation, { ...policy, backoff })).toBeCloseTo(1_998);
  });

  it('waits as long as the server asks while a token is held, and then its own share of what is left', () => {
    const at = next({ retryAfterInMs: 10 * minute, held: token(hour), random: 0 });
    // Of 47 minutes, four fifths are more than half an hour: that, less a quarter.
    expect(at).toBeCloseTo(10 * minute + 22.5 * minute);
  });

  it.each([1, 2, 5])('waits so with a held token, whatever failure it is (%i)', (failures) => {
    const at = next({ retryAfterInMs: 10 * minute, held: token(hour), random: 0, failures });
    expect(at).toBeCloseTo(32.5 * minute);
  });

  it('does not wait an hour with empty hands because the server asked for it', () => {
    expect(next({ retryAfterInMs: hour })).toBeCloseTo(minute + 999);
  });

  it('tries a permanent error again every five minutes, more or less', () => {
    expect(next({ retryable: false, random: 0 })).toBe(4.5 * minute);
    expect(next({ retryable: false, random: 0.5 })).toBe(5 * minute);
  });

  it('tries once more shortly before the held token ends, whatever the server asked for', () => {
    const held = token(10 * minute);
    const at = next({ now: 6 * minute, retryAfterInMs: hour, held });
    expect(at).toBeGreaterThan(6 * minute);
    expect(at).toBeLessThan(usableUntil(held));
  });

  it('tries again at the very end of the held token', () => {
    const held = token(10 * minute);
    expect(next({ now: usableUntil(held), retryAfterInMs: hour, held })).toBe(10 * minute);
  });

  it('never plans an attempt in the past, nor later than asked', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 5 * second, max: 90 * day }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.option(fc.integer({ min: 0, max: day }), { nil: undefined }),
        fc.integer({ min: 1, max: 100 }),
        fc.boolean(),
        (life, share, random, retryAfterInMs, failures, retryable) => {
          const now = Math.floor(life * share);
          const at = next({ now, random, retryAfterInMs, failures, retryable, held: token(life) });
          expect(at).toBeGreaterThanOrEqual(now);
          const calm = Math.min(37.5 * minute, Math.max(0, life - 3 * minute - now));
          const longest = (retryAfterInMs ?? 0) + Math.max(30 * second, calm);
          expect(at).toBeLessThanOrEqual(now + Math.max(5.5 * minute, longest));
          if (now < life) expect(at).toBeLessThanOrEqual(Math.max(life, now));
        },
      ),
    );
  });
});

describe('isExpiring', () => {
  it.each([
    ['five minutes of a day', day, day - 5 * minute, true],
    ['six minutes of a day', day, day - 6 * minute, false],
    ['a tenth of eight seconds', 8 * second, 7_200, true],
    ['half of eight seconds', 8 * second, 4_000, false],
  ])('with %s left', (_, life, now, expiring) => {
    expect(isExpiring(token(life), now)).toBe(expiring);
  });
});

describe('nextAttemptAfterFailedChallenge', () => {
  it.each([
    ['by backoff', 3, true, undefined, 3_996],
    ['after the time that the server asks for', 1, true, 10 * second, 10 * second + 999],
    ['after a minute at the latest, since a caller waits', 1, true, hour, minute + 999],
    ['after the cool-down when only a change of something can help', 5, false, hour, 30 * second],
  ])('%s', (_, failures, retryable, retryAfterInMs, delay) => {
    const situation = { now: day, random: 0.999, failures, retryable, retryAfterInMs };

    expect(nextAttemptAfterFailedChallenge(situation, policy)).toBeCloseTo(day + delay);
  });
});
