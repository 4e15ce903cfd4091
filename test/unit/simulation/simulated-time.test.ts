import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { EventHeap } from '../../simulation/event-heap.js';
import { SimulatedTime } from '../../simulation/simulated-time.js';

describe('a heap of events', () => {
  it('gives them back in order, and equal ones as they came', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 })), (times) => {
        const heap = new EventHeap<{ at: number; order: number }>();
        times.forEach((at, order) => heap.push({ at, order }));
        const popped = times.map(() => heap.pop());
        const sorted = times
          .map((at, order) => ({ at, order }))
          .sort((a, b) => a.at - b.at || a.order - b.order);
        expect(popped).toEqual(sorted);
        expect(heap.first).toBeUndefined();
      }),
    );
  });
});

describe('simulated time', () => {
  it('fires timers at their time, with the promises of one before the next', async () => {
    const time = new SimulatedTime(1_000);
    const seen: string[] = [];
    time.setTimeout(() => seen.push(`late at ${time.now()}`), 60_000);
    time.setTimeout(() => {
      seen.push(`soon at ${time.now()}`);
      void Promise.resolve().then(async () => {
        await Promise.resolve();
        time.setTimeout(() => seen.push(`then at ${time.now()}`), 500);
      });
    }, 100);
    time.clearTimeout(time.setTimeout(() => seen.push('never'), 50));
    await time.advanceTo(59_000);
    expect(seen).toEqual(['soon at 1100', 'then at 1600']);
    expect(time.now()).toBe(59_000);
    await time.advanceTo(70_000);
    expect(seen[2]).toBe('late at 61000');
  });

  it('is the time of the whole process while it is installed', async () => {
    const time = new SimulatedTime(Date.UTC(2030, 0, 1));
    const { Date: machineDate, setTimeout: machineTimeout, setInterval: machineInterval } = globalThis;
    const uninstall = time.install(() => 0.25);
    let ticks = 0;
    try {
      const interval = setInterval(() => ticks++, 1_000);
      await time.advanceTo(Date.UTC(2030, 0, 1) + 3_500);
      clearInterval(interval);
      await time.advanceTo(Date.UTC(2030, 0, 2));
      expect(new Date().toISOString()).toBe('2030-01-02T00:00:00.000Z');
      expect(Date.now()).toBe(time.now());
      expect(new Date(0).getTime()).toBe(0);
      expect(Math.random()).toBe(0.25);
    } finally {
      uninstall();
    }
    expect(ticks).toBe(3);
    expect(globalThis.Date).toBe(machineDate);
    expect(globalThis.setTimeout).toBe(machineTimeout);
    expect(globalThis.setInterval).toBe(machineInterval);
    expect(Math.random()).not.toBe(0.25);
  });
});
