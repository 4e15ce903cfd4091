import { longestDelayInMs, type Clock } from '../common/clock.js';
import { withDeadline } from '../common/deadline.js';
import { numberOption } from '../common/option-checks.js';
import { RefreshTokenStoreError } from './refresh-token-store.error.js';
import type { ExclusiveOptions } from './refresh-token-store.js';

const defaultTimeoutInMs = 30_000;

/** Something that is held until it is released. Releasing never fails: what cannot be let go lets go by itself. */
export interface Held {
  release(): Promise<void>;
}

export interface ExclusiveWait<T extends Held> {
  options: ExclusiveOptions;
  clock: Clock;
  /** Names the store in the error. */
  store: string;
  /** What is known of whoever has it, for the error. */
  holder?: () => string;
  /** Should stop soon after the signal; whatever it still acquires then is released. */
  acquire: (signal: AbortSignal, timeoutInMs: number) => Promise<T>;
}

/**
 * Waits for the exclusive use of a store.
 *
 * @throws {RefreshTokenStoreError} when the time is up
 */
export async function exclusiveUse<T extends Held>(wait: ExclusiveWait<T>): Promise<T> {
  const { options, clock, store, holder, acquire } = wait;
  const range = { min: 0, max: longestDelayInMs, unit: 'milliseconds' };
  const timeoutInMs = numberOption('timeoutInMs', options.timeoutInMs, defaultTimeoutInMs, range);
  const gaveUp = new AbortController();
  const acquiring = acquire(gaveUp.signal, timeoutInMs);
  try {
    return await withDeadline(acquiring, {
      timeoutInMs,
      clock,
      onTimeout: () => timedOut(store, timeoutInMs, holder?.() ?? ''),
    });
  } catch (error) {
    gaveUp.abort();
    // Its failure is either the error at hand or comes too late for anybody.
    acquiring.then(
      (held) => held.release(),
      () => undefined,
    );
    throw error;
  }
}

/** Releases in the end, whatever the work does; the work's own outcome is the one that counts. */
export async function whileHeld<T>(held: Held, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    await held.release();
  }
}

/** @param holder what is known of whoever has it */
export function timedOut(store: string, timeoutInMs: number, holder: string): RefreshTokenStoreError {
  return new RefreshTokenStoreError(
    `The exclusive use of ${store} could not be had within ${timeoutInMs} ms${holder}.`,
    'Work within `exclusive` must end soon, and use the access that it is handed instead of the store.',
  );
}
