import { describe, expect, it, jest } from '@jest/globals';
import type { Clock } from '../../../lib/common/clock.js';
import { ManualClock } from '../../../lib/testing/manual-clock.js';

const start = Date.UTC(2026, 0, 1);

describe('ManualClock', () => {
  it('is a clock of the library, and stands still', () => {
    const clock: Clock = new ManualClock(start);
    expect(clock.now()).toBe(start);
    expect(clock.random()).toBe(0.5);
  });

  it('runs timers in their order, each at its own moment', async () => {
    const clock = new ManualClock(start);
    const fired: [string, number][] = [];
    const after = (name: string, delay: number) =>
      clock.setTimeout(() => fired.push([name, clock.now() - start]), delay);
    after('late', 300);
    after('early', 100);
    after('early, but set later', 100);
    clock.clearTimeout(after('cleared', 200));
    after('too late', 301);

    await clock.advance(300);
    expect(fired).toEqual([
      ['early', 100],
      ['early, but set later', 100],
      ['late', 300],
    ]);
    expect(clock.pendingTimers).toBe(1);
    expect(clock.now()).toBe(start + 300);
  });

  it('lets promises continue between two timers, and runs the timers that they set', async () => {
    const clock = new ManualClock(start);
    const sleep = (delay: number) => new Promise<void>((resolve) => clock.setTimeout(resolve, delay));
    const woke: number[] = [];
    const loop = async () => {
      for (let round = 0; round < 3; round++) {
        await sleep(10);
        await Promise.resolve();
        woke.push(clock.now() - start);
      }
    };
    const done = loop();
    await clock.advance(30);
    await done;
    expect(woke).toEqual([10, 20, 30]);
  });

  it('a jump moves the wall clock and no timer', async () => {
    const clock = new ManualClock(start);
    let fired = 0;
    clock.setTimeout(() => fired++, 1_000);
    clock.jump(3_600_000);
    await clock.advance(999);
    expect([fired, clock.now()]).toEqual([0, start + 3_600_999]);
    clock.jump(-7_200_000);
    await clock.advance(1);
    expect(fired).toBe(1);
  });

  it('a delay that Node cannot count fires at once, as there', async () => {
    const clock = new ManualClock(start);
    let fired = 0;
    clock.setTimeout(() => fired++, 2 ** 31);
    clock.setTimeout(() => fired++, 2 ** 31 - 1);
    await clock.advance(0);
    expect(fired).toBe(1);
  });

  it('settles while the test runner has faked the timers', async () => {
    jest.useFakeTimers();
    try {
      const clock = new ManualClock(start);
      let fired = 0;
      clock.setTimeout(() => fired++, 10);
      await clock.advance(10);
      expect(fired).toBe(1);
    } finally {
      jest.useRealTimers();
    }
  });
});
