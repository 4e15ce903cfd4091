import { describe, expect, it } from '@jest/globals';
import { ManualClock } from 'nestjs-entra-auth/testing';

import { CommonTimer } from '../../../lib/common/common-timer.js';

function setUp() {
  const clock = new ManualClock();
  const timer = new CommonTimer(clock, 1_000);
  const fired: string[] = [];
  const wait = (name: string) => timer.setTimeout(() => fired.push(name));
  return { clock, timer, fired, wait };
}

describe('a common timer', () => {
  it('lets each wait end after the delay, and not before', async () => {
    const { clock, fired, wait } = setUp();
    wait('a');
    await clock.advance(400);
    wait('b');
    wait('c');
    expect(clock.pendingTimers).toBe(1);
    await clock.advance(599);
    expect(fired).toEqual([]);
    await clock.advance(1);
    expect(fired).toEqual(['a']);
    await clock.advance(399);
    expect(fired).toEqual(['a']);
    await clock.advance(1);
    expect(fired).toEqual(['a', 'b', 'c']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('calls nobody who has ended the wait, and ends by itself', async () => {
    const { clock, timer, fired, wait } = setUp();
    for (let n = 0; n < 100; n++) timer.clearTimeout(wait('a'));
    expect(clock.pendingTimers).toBe(1);
    await clock.advance(1_000);
    expect([fired, clock.pendingTimers]).toEqual([[], 0]);
  });

  it('counts the delay of a wait that began while the timer of another stayed', async () => {
    const { clock, timer, fired, wait } = setUp();
    timer.clearTimeout(wait('gone'));
    await clock.advance(900);
    wait('a');
    await clock.advance(999);
    expect(fired).toEqual([]);
    await clock.advance(1);
    expect(fired).toEqual(['a']);
  });

  it('takes waits that begin and end in a callback', async () => {
    const { clock, timer, fired, wait } = setUp();
    timer.setTimeout(() => {
      timer.clearTimeout(second);
      wait('of the callback');
    });
    const second = wait('second');
    await clock.advance(1_000);
    expect(fired).toEqual([]);
    await clock.advance(1_000);
    expect([fired, clock.pendingTimers]).toEqual([['of the callback'], 0]);
  });

  it('lets a wait begin anew after the clock was set back, and ends it', async () => {
    const { clock, fired, wait } = setUp();
    wait('a');
    clock.jump(-3_600_000);
    wait('b');
    await clock.advance(2_000);
    expect(fired).toEqual(['a', 'b']);
  });

  it('that was stopped keeps the waits, and no timer after the last', async () => {
    const { clock, timer, fired, wait } = setUp();
    const [first] = [wait('a'), wait('b')];
    timer.stop();
    timer.clearTimeout(first);
    expect(clock.pendingTimers).toBe(1);
    await clock.advance(1_000);
    expect([fired, clock.pendingTimers]).toEqual([['b'], 0]);
    timer.clearTimeout(wait('c'));
    expect(clock.pendingTimers).toBe(0);
  });
});
