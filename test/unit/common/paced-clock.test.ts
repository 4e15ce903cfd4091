import { describe, expect, it } from '@jest/globals';

import { systemClock } from '../../../lib/common/clock.js';
import { PacedClock } from '../../../lib/common/paced-clock.js';

describe('timers of a paced clock that fire at once', () => {
  it('run 50 in a turn of the event loop, in their order, and all', () => {
    const count = 420;
    const ran: number[] = [];
    const turns: number[] = [];
    const fires: (() => void)[] = [];
    const pauses: (() => void)[] = [];
    const clock = new PacedClock({
      ...systemClock,
      setTimeout: (callback, delayInMs) => (delayInMs === 0 ? pauses : fires).push(callback),
    });
    for (let n = 0; n < count; n++) clock.setTimeout(() => ran.push(n), 3_000);
    for (const fire of fires) fire();
    turns.push(ran.length);
    for (let pause = pauses.shift(); pause !== undefined; pause = pauses.shift()) {
      pause();
      turns.push(ran.length - turns.reduce((sum, one) => sum + one, 0));
    }
    expect(turns).toEqual([50, 50, 50, 50, 50, 50, 50, 50, 20]);
    expect(ran).toEqual(Array.from({ length: count }, (_, n) => n));
  });

  it('run at once when they are few', () => {
    const fires: (() => void)[] = [];
    const clock = new PacedClock({ ...systemClock, setTimeout: (callback) => fires.push(callback) });
    let ran = 0;
    clock.setTimeout(() => ran++, 3_000);
    fires[0]?.();
    expect(ran).toBe(1);
    expect(fires).toHaveLength(1);
  });
});
