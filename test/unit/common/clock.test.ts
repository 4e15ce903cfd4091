import { describe, expect, it } from '@jest/globals';

import { delayUntil } from '../../../lib/common/clock.js';

describe('delayUntil', () => {
  it.each([
    ['the future', 1_500, 1_000, 500],
    ['a fraction of a millisecond', 1_000.2, 1_000, 1],
    ['now', 1_000, 1_000, 0],
    ['the past', 500, 1_000, 0],
    ['ninety days, which a timer cannot count', 7_776_000_000, 0, 2_147_483_647],
    ['never', Infinity, 0, 2_147_483_647],
  ])('%s', (_, at, now, delay) => {
    expect(delayUntil(at, now)).toBe(delay);
  });
});
