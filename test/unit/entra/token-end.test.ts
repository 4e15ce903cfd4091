import { describe, expect, it } from '@jest/globals';

import { endOf, type StatedTimes } from '../../../lib/entra/token-end.js';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const now = Date.UTC(2026, 0, 1, 12);

/** All but `clockAheadInMs` as offsets from now. */
function end(stated: Partial<StatedTimes>): { left: number; clockAheadInMs: number } {
  const at = (offset: number | undefined) => (offset === undefined ? undefined : now + offset);
  const { expiresOnTimestamp, clockAheadInMs } = endOf({
    now,
    expiresOnTimestamp: now + (stated.expiresOnTimestamp ?? NaN),
    exp: at(stated.exp),
    iat: at(stated.iat),
    clockAheadInMs: stated.clockAheadInMs,
  });
  return { left: expiresOnTimestamp - now, clockAheadInMs };
}

describe('the end of a token', () => {
  it.each<[string, Partial<StatedTimes>, number]>([
    ['what the credential returned, for an opaque token', { expiresOnTimestamp: hour }, hour],
    ['exp, when that is sooner', { expiresOnTimestamp: hour, exp: minute }, minute],
    ['expires_in, when that is sooner', { expiresOnTimestamp: minute, exp: hour }, minute],
    ['exp, when the credential returned none', { exp: hour }, hour],
    ['exp, when the credential returns "now"', { expiresOnTimestamp: 0, exp: hour }, hour],
    ['exp, when the credential returns "in a second"', { expiresOnTimestamp: second, exp: hour }, hour],
    ['exp, when the credential returns "in two seconds"', { expiresOnTimestamp: 2_000, exp: hour }, hour],
    ['what the credential returned, just after two seconds', { expiresOnTimestamp: 2_001, exp: hour }, 2_001],
    ['what the credential returned, from three seconds on', { expiresOnTimestamp: 3_000, exp: hour }, 3_000],
    [
      'in the past, when the credential returns that for an opaque token',
      { expiresOnTimestamp: -hour },
      -hour,
    ],
    ['in the past, when exp is', { expiresOnTimestamp: hour, exp: -minute }, -minute],
    ['in the past, when both are', { expiresOnTimestamp: -hour, exp: -minute, iat: -2 * hour }, -minute],
  ])('is %s', (_, stated, left) => {
    expect(end(stated)).toEqual({ left, clockAheadInMs: 0 });
  });

  it('is a date for a token that never expires', () => {
    const stated = { now, expiresOnTimestamp: Number.MAX_VALUE };
    expect(new Date(endOf(stated).expiresOnTimestamp).getUTCFullYear()).toBe(275_760);
  });
});

describe('a clock that is ahead', () => {
  const ahead = 5 * hour;

  it.each<[string, Partial<StatedTimes>, number]>([
    [
      'as the response shows, when the end is counted from its receipt',
      { expiresOnTimestamp: hour, exp: hour - ahead, clockAheadInMs: ahead },
      hour,
    ],
    [
      'as the response shows, when the end is the issuer’s',
      { expiresOnTimestamp: hour - ahead, exp: hour - ahead, clockAheadInMs: ahead },
      hour,
    ],
    [
      'as the response shows, for an opaque token that has an end by the issuer’s clock',
      { expiresOnTimestamp: hour - ahead, clockAheadInMs: ahead },
      hour,
    ],
    [
      'as the response shows, when the credential returned no end',
      { exp: hour - ahead, clockAheadInMs: ahead },
      hour,
    ],
    [
      'as the token shows, when no response was seen',
      { expiresOnTimestamp: hour, exp: hour - ahead, iat: -ahead - 5 * minute },
      hour,
    ],
  ])('%s, does not end a token early', (_, stated, left) => {
    expect(end(stated)).toEqual({ left, clockAheadInMs: ahead });
  });

  it('is inferred from an end that has come, and from none that is to come', () => {
    const stated = { expiresOnTimestamp: hour, exp: 0, iat: -hour };
    expect(end(stated)).toEqual({ left: hour, clockAheadInMs: hour });
    expect(end({ ...stated, exp: 1 })).toEqual({ left: 1, clockAheadInMs: 0 });
  });

  it('is inferred from a life that is a minute longer than the token was issued for', () => {
    const stated = { expiresOnTimestamp: hour + minute, exp: -hour, iat: -2 * hour };
    expect(end(stated)).toEqual({ left: hour + minute, clockAheadInMs: 2 * hour + minute });
  });

  it('by less than a life does not end it early either, when the response shows it', () => {
    const stated = { expiresOnTimestamp: hour, exp: 10 * minute, clockAheadInMs: 50 * minute };
    expect(end(stated)).toEqual({ left: hour, clockAheadInMs: 50 * minute });
    expect(end({ ...stated, expiresOnTimestamp: 20 * minute }).left).toBe(20 * minute);
  });

  it('is not counted twice by the end that the issuer gave', () => {
    const stated = { expiresOnTimestamp: 10 * minute, exp: 10 * minute, clockAheadInMs: 50 * minute };
    expect(end(stated).left).toBe(hour);
  });

  it.each<[string, Partial<StatedTimes>]>([
    [
      'promises a longer life than the token was issued for',
      { expiresOnTimestamp: 2 * hour, iat: -2 * hour },
    ],
    ['lacks the time of issue', { expiresOnTimestamp: hour }],
    ['promises no more than a moment', { expiresOnTimestamp: second, iat: -2 * hour }],
    ['promises just a moment', { expiresOnTimestamp: 2 * second, iat: -2 * hour }],
    ['promises more than a minute over that life', { expiresOnTimestamp: hour + minute + 1, iat: -2 * hour }],
    ['promises nothing', { expiresOnTimestamp: -minute, iat: -2 * hour }],
  ])('is not inferred when the credential %s', (_, stated) => {
    expect(end({ exp: -hour, ...stated })).toEqual({ left: -hour, clockAheadInMs: 0 });
  });
});

describe('a clock that is behind', () => {
  it.each<[string, Partial<StatedTimes>, number]>([
    ['as iat shows', { expiresOnTimestamp: 70 * minute, iat: 10 * minute, exp: 70 * minute }, 10 * minute],
    [
      'as the response shows',
      { expiresOnTimestamp: 70 * minute, iat: -minute, exp: 70 * minute, clockAheadInMs: -10 * minute },
      10 * minute,
    ],
    [
      'as the response shows better than iat',
      {
        expiresOnTimestamp: 70 * minute,
        iat: 5 * minute,
        exp: 70 * minute,
        clockAheadInMs: -10 * minute,
      },
      10 * minute,
    ],
    [
      'as iat shows better than the response',
      {
        expiresOnTimestamp: 70 * minute,
        iat: 10 * minute,
        exp: 70 * minute,
        clockAheadInMs: 5 * minute,
      },
      10 * minute,
    ],
  ])('%s, ends a token in time', (_, stated, behind) => {
    expect(end(stated)).toEqual({ left: hour, clockAheadInMs: -behind });
  });
});

it('takes a clock that is wrong by less than a minute for right', () => {
  const stated = { expiresOnTimestamp: hour, exp: hour };
  expect(end({ ...stated, clockAheadInMs: 59_999 })).toEqual({ left: hour, clockAheadInMs: 0 });
  expect(end({ ...stated, clockAheadInMs: -59_999 })).toEqual({ left: hour, clockAheadInMs: 0 });
  expect(end({ ...stated, clockAheadInMs: 60_000 }).clockAheadInMs).toBe(60_000);
});
