import { describe, expect, it } from '@jest/globals';
import { ManualClock } from 'nestjs-entra-auth/testing';

import { deferred, untilAborted, withDeadline, type AbortSignalLike } from '../../../lib/common/deadline.js';
import { settlesAtOnce } from '../../support/settles-at-once.js';

/** A wait of a second for something that the test settles. */
function setUp(signal?: AbortSignalLike, timeoutInMs = 1_000) {
  const clock = new ManualClock();
  const work = deferred<string>();
  const onTimeout = (): Error => new Error('too late');
  const wait = withDeadline(work.promise, { timeoutInMs, clock, onTimeout, signal });
  return { clock, work, wait };
}

/** A signal that counts its listeners. */
function countedSignal(reason?: unknown) {
  const listeners = new Set<unknown>();
  const signal = {
    aborted: false,
    reason,
    addEventListener: (_: 'abort', listener: unknown) => void listeners.add(listener),
    removeEventListener: (_: 'abort', listener: unknown) => void listeners.delete(listener),
  };
  const abort = (): void => {
    signal.aborted = true;
    for (const listener of listeners) (listener as () => void)();
  };
  return { signal: signal as AbortSignalLike, listeners, abort };
}

describe('a wait with a deadline', () => {
  it('ends with the value, and leaves no timer and no listener behind', async () => {
    const { signal, listeners } = countedSignal();
    const { clock, work, wait } = setUp(signal);
    expect([clock.pendingTimers, listeners.size]).toEqual([1, 1]);
    work.resolve('done');
    await expect(wait).resolves.toBe('done');
    expect([clock.pendingTimers, listeners.size]).toEqual([0, 0]);
  });

  it('passes a rejection on', async () => {
    const { clock, work, wait } = setUp();
    work.reject(new Error('failed'));
    await expect(wait).rejects.toThrow('failed');
    expect(clock.pendingTimers).toBe(0);
  });

  it('rejects when the time is over, and not before', async () => {
    const { signal, listeners } = countedSignal();
    const { clock, wait } = setUp(signal);
    wait.catch(() => undefined);
    await clock.advance(999);
    await expect(settlesAtOnce(wait)).resolves.toBe(false);
    await clock.advance(1);
    await expect(wait).rejects.toThrow('too late');
    expect(listeners.size).toBe(0);
  });

  it('of more than a timer can count does not end at once', async () => {
    const { clock, wait } = setUp(undefined, 2 ** 31);
    await clock.advance(60_000);
    await expect(settlesAtOnce(wait)).resolves.toBe(false);
  });
});

describe('a signal', () => {
  it('ends the wait with its reason, and the timer with it', async () => {
    const { signal, abort } = countedSignal(new RangeError('changed my mind'));
    const { clock, wait } = setUp(signal);
    abort();
    await expect(wait).rejects.toThrow(RangeError);
    expect(clock.pendingTimers).toBe(0);
  });

  it('that was aborted before ends the wait at once', async () => {
    const { clock, wait } = setUp(AbortSignal.abort(new Error('before')));
    await expect(wait).rejects.toThrow('before');
    expect(clock.pendingTimers).toBe(0);
  });

  it.each([['none'], [undefined], [{ token: 'secret' }]])(
    'without an error as reason (%j) has an AbortError',
    async (reason) => {
      const { signal, abort } = countedSignal(reason);
      const { wait } = setUp(signal);
      abort();
      await expect(wait).rejects.toMatchObject({
        name: 'AbortError',
        message: 'The wait for an access token was aborted.',
      });
    },
  );

  it('ends a wait that has no deadline', async () => {
    const { signal, listeners, abort } = countedSignal(new Error('stopped'));
    const wait = untilAborted(deferred<string>().promise, signal);
    abort();
    await expect(wait).rejects.toThrow('stopped');
    expect(listeners.size).toBe(0);
    await expect(untilAborted(Promise.resolve('done'), signal)).rejects.toThrow('stopped');
    await expect(untilAborted(Promise.resolve('done'), undefined)).resolves.toBe('done');
  });
});
