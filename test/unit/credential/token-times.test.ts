import { describe, expect, it } from '@jest/globals';

import { readTime, readTokenTimes } from '../../../lib/credential/managed-identity/token-times.js';
import { jwt } from '../../support/tokens.js';

const time = Date.UTC(2026, 10, 28, 19, 4, 5);

describe('a point in time', () => {
  it.each([
    [time / 1000, time],
    [String(time / 1000), time],
    [` ${time / 1000} `, time],
    [time, time],
    ['2026-11-28T19:04:05Z', time],
    ['2026-11-28T19:04:05+00:00', time],
    ['2026-11-28T20:04:05+01:00', time],
    ['2026-11-28 19:04:05', time],
    ['2026-11-28T19:04:05.0000000Z', time],
    ['11/28/2026 7:04:05 PM +00:00', time],
    ['11/28/2026 07:04:05 PM', time],
    ['11/28/2026 8:4:5 PM +01:00', time],
    ['11/28/2026 19:04:05 +00:00', time],
    ['11/28/2026 2:04:05 PM -05:00', time],
    ['11/28/2026 16:34:05 -02:30', time],
    ['28/11/2026 19:04:05 +00:00', time],
    ['11/28/2026 12:00:00 AM +00:00', Date.UTC(2026, 10, 28)],
    ['11/28/2026 12:00:00 PM +00:00', Date.UTC(2026, 10, 28, 12)],
    ['99/99/2026 7:04:05 PM', undefined],
    ['', undefined],
    ['soon', undefined],
    [0, undefined],
    [-1, undefined],
    [NaN, undefined],
    [null, undefined],
    [{}, undefined],
    ['1'.repeat(1_000_000), undefined],
  ])('%j', (value, expected) => {
    expect(readTime(value)).toBe(expected);
  });
});

describe('the times of an answer', () => {
  const now = time;
  const exp = now / 1000 + 3_600;
  const token = jwt({ exp });

  it.each<[string, object, string, object | undefined]>([
    ['its own end', { expires_on: exp - 60 }, token, { expiresOnTimestamp: (exp - 60) * 1000 }],
    ['the seconds left', { expires_in: '60' }, 'opaque', { expiresOnTimestamp: now + 60_000 }],
    [
      'the end before the seconds left',
      { expires_on: exp, expires_in: 60 },
      'opaque',
      { expiresOnTimestamp: exp * 1000 },
    ],
    ['the JWT, where the end is now', { expires_on: now / 1000 }, token, { expiresOnTimestamp: exp * 1000 }],
    ['the JWT, where nothing is said', {}, token, { expiresOnTimestamp: exp * 1000 }],
    [
      'an end that has passed, as the JWT has',
      { expires_on: now / 1000 - 60 },
      jwt({ exp: now / 1000 - 60 }),
      { expiresOnTimestamp: now - 60_000 },
    ],
    ['nothing', { expires_on: 'soon', expires_in: 'x' }, 'opaque', undefined],
    [
      'refresh_in',
      { expires_on: exp, refresh_in: '600' },
      token,
      { expiresOnTimestamp: exp * 1000, refreshAfterTimestamp: now + 600_000 },
    ],
    [
      'refresh_on',
      { expires_on: exp, refresh_on: exp - 60 },
      token,
      { expiresOnTimestamp: exp * 1000, refreshAfterTimestamp: (exp - 60) * 1000 },
    ],
  ])('are %s', (_title, body, given, expected) => {
    expect(readTokenTimes(body as Record<string, unknown>, given, now)).toEqual(expected);
  });
});
