import { describe, expect, it } from '@jest/globals';

import { backoffDelay, parseRetryAfter } from '../../../lib/common/backoff.js';

const policy = { initialDelayInMs: 1_000, maxDelayInMs: 30_000, shareOfLifeLeft: 0.8 };

it.each([
  [1, 1_000],
  [2, 2_000],
  [3, 4_000],
  [5, 16_000],
  [6, 30_000],
  [5_000, 30_000],
  [0, 1_000],
])('after %d failures the longest delay is %d ms', (failures, longest) => {
  expect(backoffDelay(failures, policy, 1)).toBe(longest);
  expect(backoffDelay(failures, policy, 0.25)).toBe(longest / 4);
  expect(backoffDelay(failures, policy, 0)).toBe(0);
});

it('a delay doubles thirty times at most', () => {
  const unbounded = { ...policy, initialDelayInMs: 1, maxDelayInMs: Infinity };
  expect(backoffDelay(31, unbounded, 1)).toBe(2 ** 30);
  expect(backoffDelay(32, unbounded, 1)).toBe(2 ** 30);
});

describe('Retry-After', () => {
  const now = Date.UTC(2026, 0, 1, 12);

  it.each<[string, unknown, number | undefined]>([
    ['seconds', '120', 120_000],
    ['seconds between blanks', ' 7 ', 7_000],
    ['none', '0', 0],
    ['a date', 'Thu, 01 Jan 2026 12:00:05 GMT', 5_000],
    ['a date in the past', 'Thu, 01 Jan 2026 11:00:00 GMT', 0],
    ['words', 'soon', undefined],
    ['seconds and words', '7 seconds or so', undefined],
    ['a number beyond all', '9'.repeat(400), undefined],
    ['a number that is not text', 7, undefined],
    ['nothing', undefined, undefined],
  ])('of %s', (_, value, expected) => {
    expect(parseRetryAfter(value, now)).toBe(expected);
  });
});
