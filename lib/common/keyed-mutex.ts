import type { AbortSignalLike } from './deadline.js';
import { untilAborted } from './deadline.js';
import { deferred } from './deadline.js';

/** One lock for each key, which callers of this process get in the order in which they asked. */
export class KeyedMutex {
  /** Settles when the last caller of a key, and all before it, have released. A free key has none. */
  readonly #tails = new Map<string, Promise<void>>();

  /**
   * Waits for the lock.
   *
   * @param signal ends the wait, and passes the lock on
   * @returns releases the lock; a second call does nothing
   * @throws the signal's reason
   */
  async acquire(key: string, signal?: AbortSignalLike): Promise<() => void> {
    const before = this.#tails.get(key) ?? Promise.resolve();
    const { promise: released, resolve: release } = deferred<void>();
    const tail = before.then(() => released);
    this.#tails.set(key, tail);
    void tail.then(() => {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    });
    try {
      await untilAborted(before, signal);
    } catch (error) {
      release();
      throw error;
    }
    return release;
  }

  /** Does the work while it holds the lock, and releases the lock whether the work succeeds or fails. */
  async withLock<T>(key: string, work: () => Promise<T>, signal?: AbortSignalLike): Promise<T> {
    const release = await this.acquire(key, signal);
    try {
      return await work();
    } finally {
      release();
    }
  }
}
