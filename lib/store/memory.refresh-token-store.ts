import { systemClock, type Clock } from '../common/clock.js';
import { KeyedMutex } from '../common/keyed-mutex.js';
import { exclusiveUse, whileHeld, type Held } from './exclusive-wait.js';
import { RefreshTokenConflictError } from './refresh-token-conflict.error.js';
import type {
  ExclusiveOptions,
  RefreshTokenAccess,
  RefreshTokenSnapshot,
  RefreshTokenStore,
  StoredRefreshToken,
} from './refresh-token-store.js';

const store = 'the memory';

/** Keeps a refresh token in memory, for one process and as long as that lives: for tests and one-off jobs. */
export class MemoryRefreshTokenStore implements RefreshTokenStore {
  readonly #clock: Clock;
  readonly #mutex = new KeyedMutex();
  #snapshot: RefreshTokenSnapshot | undefined;
  #saves = 0;

  /**
   * @param value what is stored at first. Default: nothing
   * @param clock for `exclusive`'s `timeoutInMs`. Default: the machine's
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
      return Promise.reject(new RefreshTokenConflictError(store));
    }
    return Promise.resolve(this.#put(value));
  }

  async exclusive<T>(
    work: (access: RefreshTokenAccess) => Promise<T>,
    options: ExclusiveOptions = {},
  ): Promise<T> {
    const held = await exclusiveUse({
      options,
      clock: this.#clock,
      store,
      acquire: async (signal) => releasing(await this.#mutex.acquire(store, signal)),
    });
    return whileHeld(held, () =>
      work({
        load: () => this.load(),
        save: (value, version) => this.save(value, version),
      }),
    );
  }

  #put(value: StoredRefreshToken): RefreshTokenSnapshot {
    this.#snapshot = Object.freeze({ value: Object.freeze({ ...value }), version: String(++this.#saves) });
    return this.#snapshot;
  }
}

function releasing(unlock: () => void): Held {
  return { release: () => Promise.resolve(unlock()) };
}
