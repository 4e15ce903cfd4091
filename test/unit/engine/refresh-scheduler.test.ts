import { describe, expect, it } from '@jest/globals';
import { ManualClock } from 'nestjs-entra-auth/testing';

import { noRegistry, RefreshScheduler, type TimerRegistry } from '../../../lib/engine/refresh-scheduler.js';

const minute = 60_000;
const start = Date.UTC(2026, 0, 1);

function setUp() {
  const clock = new ManualClock(start);
  const names: string[] = [];
  const registry: TimerRegistry = {
    doesExist: (_, name) => names.includes(name),
    addTimeout: (name) => void names.push(name),
    deleteTimeout: (name) => void names.splice(names.indexOf(name), 1),
  };
  const ran: string[] = [];
  const scheduler = new RefreshScheduler<{ wakeAt: number; timerName: string; keepsProcessAlive: boolean }>(
    registry,
    clock,
    ({ timerName }) => ran.push(timerName),
  );
  const owner = (wakeInMs: number, timerName = 'one') => ({
    wakeAt: start + wakeInMs,
    timerName,
    keepsProcessAlive: true,
  });
  return { clock, names, ran, scheduler, owner };
}

describe('a timer', () => {
  it('fires once, at its time, and is in the registry until then', async () => {
    const { clock, names, ran, scheduler, owner } = setUp();
    scheduler.schedule(owner(minute));
    expect(names).toEqual(['one']);
    await clock.advance(minute - 1);
    expect(ran).toEqual([]);
    await clock.advance(1);
    expect([ran, names, clock.pendingTimers]).toEqual([['one'], [], 0]);
  });

  it('of an owner takes the place of the one before', async () => {
    const { clock, names, ran, scheduler, owner } = setUp();
    const one = owner(minute);
    scheduler.schedule(one);
    scheduler.schedule(one);
    expect([names, clock.pendingTimers]).toEqual([['one'], 1]);
    scheduler.cancel(one);
    scheduler.cancel(one);
    await clock.advance(minute);
    expect([ran, names]).toEqual([[], []]);
  });

  it('has another name where its own is taken, and gives that back', () => {
    const { names, scheduler, owner } = setUp();
    const owners = [owner(minute), owner(minute), owner(minute)];
    for (const one of owners) scheduler.schedule(one);
    expect(names).toEqual(['one', 'one#2', 'one#3']);
    scheduler.cancel(owners[1]!);
    expect(names).toEqual(['one', 'one#3']);
    scheduler.schedule(owners[1]!);
    expect(names).toEqual(['one', 'one#3', 'one#2']);
  });

  it('has its own name again once that is free, and leaves the other to its next owner', () => {
    const { names, scheduler, owner } = setUp();
    const [first, second, third] = [owner(minute), owner(minute), owner(minute)];
    scheduler.schedule(first);
    scheduler.schedule(second);
    scheduler.cancel(first);
    scheduler.schedule(second);
    scheduler.schedule(third);
    expect(names).toEqual(['one', 'one#2']);
    scheduler.cancel(second);
    expect(names).toEqual(['one#2']);
  });

  it('that the application removed from the registry is cancelled all the same', () => {
    const { clock, names, scheduler, owner } = setUp();
    const one = owner(minute);
    scheduler.schedule(one);
    names.length = 0;
    scheduler.cancel(one);
    expect(clock.pendingTimers).toBe(0);
  });

  it('looks at the wall clock every five minutes', async () => {
    const { clock, ran, scheduler, owner } = setUp();
    scheduler.schedule(owner(60 * minute));
    clock.jump(61 * minute);
    await clock.advance(5 * minute - 1);
    expect(ran).toEqual([]);
    await clock.advance(1);
    expect(ran).toEqual(['one']);
  });

  it.each([
    ['more than a second, runs now', 1_001, ['one']],
    ['a second, waits on', 1_000, []],
  ])('of a clock that was set back by %s', async (_, back, expected) => {
    const { clock, ran, scheduler, owner } = setUp();
    scheduler.schedule(owner(minute));
    clock.jump(-back);
    await clock.advance(minute);
    expect(ran).toEqual(expected);
    await clock.advance(1_000);
    expect(ran).toEqual(['one']);
  });
});

it.each([
  [true, 0],
  [false, 1],
])('a timer that keeps the process alive (%s) is let go of %d times', (keepsProcessAlive, expected) => {
  let unrefs = 0;
  const clock = { ...new ManualClock(), now: () => start, setTimeout: () => ({ unref: () => ++unrefs }) };
  new RefreshScheduler(noRegistry, clock as never, () => undefined).schedule({
    wakeAt: start,
    timerName: 'one',
    keepsProcessAlive,
  });
  expect(unrefs).toBe(expected);
});
