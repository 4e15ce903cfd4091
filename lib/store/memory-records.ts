import type { Clock } from '../common/clock.js';
import { KeyedMutex } from '../common/keyed-mutex.js';
import { RefreshTokenConflictError } from './refresh-token-store.error.js';
import type {
  ExclusiveOptions,
  RefreshTokenAccess,
  RefreshTokenSnapshot,
  StoredRefreshToken,
} from './refresh-token-store.js';
import { withLock, type StoreLock } from './store-lock.js';

const name = 'the memory';

/** Records in memory, each under a key with a lock of its own. */
export class MemoryRecords {
  readonly #clock: Clock;
  readonly #mutex = new KeyedMutex();
  readonly #snapshots = new Map<string, RefreshTokenSnapshot>();
  #saves = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  keys(): string[] {
    return [...this.#snapshots.keys()];
  }

  get(key: string): RefreshTokenSnapshot | undefined {
    return this.#snapshots.get(key);
  }

  put(key: string, value: StoredRefreshToken): RefreshTokenSnapshot {
    const snapshot = Object.freeze({ value: Object.freeze({ ...value }), version: String(++this.#saves) });
    this.#snapshots.set(key, snapshot);
    return snapshot;
  }

  save(
    key: string,
    value: StoredRefreshToken,
    expectedVersion: string | undefined,
  ): Promise<RefreshTokenSnapshot> {
    if (this.#snapshots.get(key)?.version !== expectedVersion) {
      return Promise.reject(new RefreshTokenConflictError(name));
    }
    return Promise.resolve(this.put(key, value));
  }

  /** @returns whether there was one */
  delete(key: string, options: ExclusiveOptions = {}): Promise<boolean> {
    return this.exclusive(key, () => Promise.resolve(this.#snapshots.delete(key)), options);
  }

  exclusive<T>(
    key: string,
    work: (access: RefreshTokenAccess) => Promise<T>,
    options: ExclusiveOptions = {},
  ): Promise<T> {
    const access: RefreshTokenAccess = {
      load: () => Promise.resolve(this.get(key)),
      save: (value, version) => this.save(key, value, version),
    };
    const acquire = async (signal: AbortSignal): Promise<StoreLock> => {
      const unlock = await this.#mutex.acquire(key, signal);
      return { release: () => Promise.resolve(unlock()) };
    };
    return withLock({ options, clock: this.#clock, name: `the lock on ${name}`, acquire }, () =>
      work(access),
    );
  }
}
