import { describe, expect, it } from '@jest/globals';
import { ManualClock } from 'nestjs-entra-auth/testing';

import { RequestRate } from '../../../lib/users/request-rate.js';

describe('the rate of requests that nobody waits for', () => {
  const taken = (rate: RequestRate): number => {
    let count = 0;
    while (rate.take()) count++;
    return count;
  };

  it('is so many a second, and saves up no more than that', async () => {
    const clock = new ManualClock();
    const rate = new RequestRate(10, clock);
    expect(taken(rate)).toBe(10);
    await clock.advance(500);
    expect(taken(rate)).toBe(5);
    await clock.advance(3_600_000);
    expect(taken(rate)).toBe(10);
  });

  it('may be less than one a second', async () => {
    const clock = new ManualClock();
    const rate = new RequestRate(0.1, clock);
    expect(taken(rate)).toBe(1);
    await clock.advance(9_999);
    expect(taken(rate)).toBe(0);
    await clock.advance(1);
    expect(taken(rate)).toBe(1);
  });

  it('gives way to requests that callers wait for, for a second at the most', async () => {
    const clock = new ManualClock();
    const rate = new RequestRate(10, clock);
    for (let n = 0; n < 1_000; n++) rate.count();
    await clock.advance(1_000);
    expect(taken(rate)).toBe(0);
    await clock.advance(1_000);
    expect(taken(rate)).toBe(10);
  });
});
