import { setImmediate } from 'node:timers/promises';

import { afterEach, describe, expect, it, jest } from '@jest/globals';

import { systemClock } from '../../../lib/refresh/clock.js';
import { oncePerTurn, turnClock } from '../../../lib/refresh/turn-clock.js';
import { ManualClock } from '../../../lib/testing/manual-clock.js';

const always = () => true;

/** A clock that stands still, and counts how often it is read. */
function countedClock() {
  const clock = { time: 1_000, readings: 0, read: () => (clock.readings++, clock.time) };
  return clock;
}

function call(now: () => number, times: number): number[] {
  return Array.from({ length: times }, now);
}

describe('a clock that is read once per turn', () => {
  it('serves the calls of a turn with one reading, from the second call within a millisecond on', () => {
    const clock = countedClock();
    const now = oncePerTurn(clock.read, always);

    expect(new Set(call(now, 33))).toEqual(new Set([1_000]));
    expect(clock.readings).toBe(2);
  });

  it('does not outlive the turn', async () => {
    const clock = countedClock();
    const now = oncePerTurn(clock.read, always);
    call(now, 3);
    await setImmediate();
    clock.time += 3_600_000;

    expect(now()).toBe(3_601_000);
  });

  it('is read again after 32 calls, so that a turn without end does not stop it', async () => {
    const clock = countedClock();
    const now = oncePerTurn(clock.read, always);
    call(now, 2);
    clock.time += 60_000;
    const later = [];
    for (let n = 0; n < 40; n++) later.push(await Promise.resolve().then(now));

    expect(later.filter((time) => time === 1_000)).toHaveLength(31);
    expect(later.at(-1)).toBe(61_000);
  });

  it('is read at each call while it moves on between them', () => {
    const clock = countedClock();
    const now = oncePerTurn(() => (clock.time++, clock.read()), always);

    expect(call(now, 5)).toEqual([1_001, 1_002, 1_003, 1_004, 1_005]);
  });

  it('is read at each call when readings may not be shared', () => {
    const clock = countedClock();
    call(
      oncePerTurn(clock.read, () => false),
      10,
    );

    expect(clock.readings).toBe(10);
  });
});

describe('the clock of the service', () => {
  afterEach(() => void jest.useRealTimers());

  it('is the clock that it was given, at each call', () => {
    const clock = new ManualClock(5_000);
    const now = turnClock(clock);
    const before = call(now, 3);
    clock.jump(60_000);

    expect([...before, now()]).toEqual([5_000, 5_000, 5_000, 65_000]);
  });

  it('follows fake timers within a turn', () => {
    const now = turnClock(systemClock);
    call(now, 100);
    jest.useFakeTimers({ now: 1_000_000 });
    const faked = call(now, 3);
    jest.setSystemTime(2_000_000);

    expect([...faked, now()]).toEqual([1_000_000, 1_000_000, 1_000_000, 2_000_000]);
  });

  it('is the machine’s own', async () => {
    const now = turnClock(systemClock);
    call(now, 100);
    await setImmediate();
    const before = Date.now();

    expect(now()).toBeGreaterThanOrEqual(before);
    expect(now()).toBeLessThanOrEqual(Date.now());
  });
});
