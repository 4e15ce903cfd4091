import { longestDelayInMs, type Clock } from '../common/clock.js';
import { withDeadline } from '../common/deadline.js';
import { numberOption } from '../common/option-checks.js';
import { RefreshTokenStoreError } from './refresh-token-store.error.js';
import type { ExclusiveOptions } from './refresh-token-store.js';

const defaultTimeoutInMs = 30_000;

/** A lock that is held. */
export interface StoreLock {
  /** Never rejects: a lock that cannot be released expires by itself. */
  release(): Promise<void>;
}

/** How to acquire a lock. */
export interface LockRequest<L extends StoreLock> {
  options: ExclusiveOptions;
  clock: Clock;
  /** Names the lock, for errors. */
  name: string;
  /** Describes what holds the lock, for errors. */
  holder?: () => string;
  /** Should stop soon after the signal. A lock that it still acquires then is released. */
  acquire: (signal: AbortSignal, timeoutInMs: number) => Promise<L>;
}

/**
 * Runs the work under the lock, and releases the lock whether the work succeeds or fails.
 *
 * @throws {RefreshTokenStoreError} when the lock was not acquired in time; the work has not begun
 * @throws what the work throws
 */
export async function withLock<L extends StoreLock, T>(
  request: LockRequest<L>,
  work: (lock: L) => Promise<T>,
): Promise<T> {
  const lock = await acquireLock(request);
  try {
    return await work(lock);
  } finally {
    await lock.release();
  }
}

/** @throws {RefreshTokenStoreError} when the lock was not acquired in time */
export async function acquireLock<L extends StoreLock>(request: LockRequest<L>): Promise<L> {
  const { options, clock, name, holder, acquire } = request;
  const range = { min: 0, max: longestDelayInMs, unit: 'milliseconds' };
  const timeoutInMs = numberOption('timeoutInMs', options.timeoutInMs, defaultTimeoutInMs, range);
  const gaveUp = new AbortController();
  const acquiring = acquire(gaveUp.signal, timeoutInMs);
  try {
    return await withDeadline(acquiring, {
      timeoutInMs,
      clock,
      onTimeout: () => lockTimeout(name, timeoutInMs, holder?.() ?? ''),
    });
  } catch (error) {
    gaveUp.abort();
    // A rejection is the error at hand, or comes after the timeout.
    acquiring.then(
      (lock) => lock.release(),
      () => undefined,
    );
    throw error;
  }
}

/** @param holder describes what holds the lock */
export function lockTimeout(name: string, timeoutInMs: number, holder: string): RefreshTokenStoreError {
  return new RefreshTokenStoreError(
    `Timed out after ${timeoutInMs} ms waiting for ${name}${holder}.`,
    'Keep work within `exclusive` short, and let it use the access that it is handed instead of the store.',
  );
}
