import { describe, expect, it } from '@jest/globals';
import { ManualClock } from 'nestjs-entra-auth/testing';

import { Watchers, type EventStream } from '../../../lib/dashboard/watchers.js';

/** A stream whose network the test controls. */
class FakeStream implements EventStream {
  readonly chunks: string[] = [];
  readonly #unwritten: (() => void)[] = [];
  readonly #listeners: (() => void)[] = [];
  state: 'open' | 'ended' | 'destroyed' = 'open';
  isSlow = false;

  write(chunk: string, written: () => void): void {
    this.chunks.push(chunk);
    if (this.isSlow) this.#unwritten.push(written);
    else written();
  }

  end(): void {
    this.state = 'ended';
    this.leave();
  }

  destroy(): void {
    this.state = 'destroyed';
    this.leave();
  }

  once(_: 'close' | 'error', listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** What was written reaches the network. */
  catchUp(): void {
    this.isSlow = false;
    for (const written of this.#unwritten.splice(0)) written();
  }

  leave(): void {
    for (const listener of this.#listeners.splice(0)) listener();
  }
}

function watched(most = 10) {
  const clock = new ManualClock();
  const watchers = new Watchers(most, clock);
  const join = (isSlow = false): FakeStream => {
    const stream = Object.assign(new FakeStream(), { isSlow });
    watchers.add(stream, 'first');
    return stream;
  };
  return { clock, watchers, join };
}

describe('the watchers of a dashboard', () => {
  it('get the state at once, and each one after', () => {
    const { watchers, join } = watched();
    const [one, other] = [join(), join()];
    watchers.send('second');
    const expected = ['retry: 2000\n\ndata: first\n\n', 'data: second\n\n'];
    expect(one.chunks).toEqual(expected);
    expect(other.chunks).toEqual(expected);
  });

  it('are so many at most', () => {
    const { watchers, join } = watched(2);
    join();
    expect(watchers.isFull).toBe(false);
    const second = join();
    expect(watchers.isFull).toBe(true);
    second.leave();
    expect(watchers.isFull).toBe(false);
  });

  it('miss messages while they do not read, so that at most one is buffered', () => {
    const { watchers, join } = watched();
    const slow = join(true);
    for (let n = 0; n < 100; n++) watchers.send(`state ${n}`);
    expect(slow.chunks).toHaveLength(1);
    slow.catchUp();
    watchers.send('latest');
    expect(slow.chunks.at(-1)).toBe('data: latest\n\n');
  });

  it('are dropped when they have read nothing for five seconds, and delay no other', async () => {
    const { clock, watchers, join } = watched();
    const [slow, quick] = [join(true), join()];
    await clock.advance(4_000);
    expect(slow.state).toBe('open');
    await clock.advance(2_000);
    expect(slow.state).toBe('destroyed');
    expect(quick.state).toBe('open');
    expect(watchers.size).toBe(1);
  });

  it('hear something every fifteen seconds, or the network would close the connection', async () => {
    const { clock, join } = watched();
    const stream = join();
    await clock.advance(14_000);
    expect(stream.chunks).toHaveLength(1);
    await clock.advance(2_000);
    expect(stream.chunks.at(-1)).toBe(':\n\n');
  });

  it('must come again after ten minutes, and pass the guard', async () => {
    const { clock, watchers, join } = watched();
    const stream = join();
    await clock.advance(599_000);
    expect(stream.state).toBe('open');
    await clock.advance(2_000);
    expect(stream.state).toBe('ended');
    expect(watchers.size).toBe(0);
    expect(clock.pendingTimers).toBe(0);
  });

  it('are all let go at the end, the slow ones without a wait', () => {
    const { watchers, join } = watched();
    const [slow, quick] = [join(true), join()];
    watchers.close();
    expect([slow.state, quick.state]).toEqual(['destroyed', 'ended']);
    expect(watchers.size).toBe(0);
  });

  it('leave no timer behind', async () => {
    const { clock, watchers, join } = watched();
    const [one, other] = [join(), join()];
    expect(clock.pendingTimers).toBe(1);
    one.leave();
    await clock.advance(3_000);
    other.leave();
    expect(clock.pendingTimers).toBe(0);
    join();
    watchers.close();
    expect(clock.pendingTimers).toBe(0);
  });
});
