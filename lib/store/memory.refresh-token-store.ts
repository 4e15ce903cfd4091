import { systemClock, type Clock } from '../common/clock.js';
import { KeyedMutex } from '../common/keyed-mutex.js';
import { RefreshTokenConflictError } from './refresh-token-store.error.js';
import type {
  ExclusiveOptions,
  RefreshTokenAccess,
  RefreshTokenSnapshot,
  RefreshTokenStore,
  StoredRefreshToken,
} from './refresh-token-store.js';
import { withLock, type StoreLock } from './store-lock.js';

const name = 'the memory';

/** Keeps a refresh token in memory, for the lifetime of one process: for tests and one-off jobs. */
export class MemoryRefreshTokenStore implements RefreshTokenStore {
  readonly #clock: Clock;
  readonly #mutex = new KeyedMutex();
  #snapshot: RefreshTokenSnapshot | undefined;
  #saves = 0;

  /**
   * @param value the initial content. Default: nothing
   * @param clock measures the `timeoutInMs` of `exclusive`. Default: the machine's clock
   */
  constructor(value?: StoredRefreshToken, clock: Clock = systemClock) {
    this.#clock = clock;
    if (value !== undefined) this.#put(value);
  }

  load(): Promise<RefreshTokenSnapshot | undefined> {
    return Promise.resolve(this.#snapshot);
  }

  save(value: StoredRefreshToken, expectedVersion: string | undefined): Promise<RefreshTokenSnapshot> {
    if (this.#snapshot?.version !== expectedVersion) {
      return Promise.reject(new RefreshTokenConflictError(name));
    }
    return Promise.resolve(this.#put(value));
  }

  async exclusive<T>(
    work: (access: RefreshTokenAccess) => Promise<T>,
    options: ExclusiveOptions = {},
  ): Promise<T> {
    const access: RefreshTokenAccess = {
      load: () => this.load(),
      save: (value, version) => this.save(value, version),
    };
    const acquire = async (signal: AbortSignal): Promise<StoreLock> => {
      const unlock = await this.#mutex.acquire(name, signal);
      return { release: () => Promise.resolve(unlock()) };
    };
    return withLock({ options, clock: this.#clock, name: `the lock on ${name}`, acquire }, () =>
      work(access),
    );
  }

  #put(value: StoredRefreshToken): RefreshTokenSnapshot {
    this.#snapshot = Object.freeze({ value: Object.freeze({ ...value }), version: String(++this.#saves) });
    return this.#snapshot;
  }
}
