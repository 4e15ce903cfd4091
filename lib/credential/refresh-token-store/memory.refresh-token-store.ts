import { RefreshTokenConflictError } from '../../errors/refresh-token-conflict.error.js';
import { RefreshTokenStoreError } from '../../errors/refresh-token-store.error.js';
import { systemClock, type Clock } from '../../refresh/clock.js';
import { withDeadline } from '../../refresh/deadline.js';
import type {
  ExclusiveOptions,
  RefreshTokenAccess,
  RefreshTokenSnapshot,
  RefreshTokenStore,
  StoredRefreshToken,
} from './refresh-token-store.js';

const defaultTimeoutInMs = 30_000;

/** Keeps a refresh token in memory, for one process and as long as that lives: for tests and one-off jobs. */
export class MemoryRefreshTokenStore implements RefreshTokenStore {
  readonly #clock: Clock;
  #snapshot: RefreshTokenSnapshot | undefined;
  #saves = 0;
  /** Settles when everybody who came before is done. */
  #last: Promise<unknown> = Promise.resolve();

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
      return Promise.reject(new RefreshTokenConflictError('the memory'));
    }
    return Promise.resolve(this.#put(value));
  }

  async exclusive<T>(
    work: (access: RefreshTokenAccess) => Promise<T>,
    { timeoutInMs = defaultTimeoutInMs }: ExclusiveOptions = {},
  ): Promise<T> {
    const before = this.#last;
    let leave!: () => void;
    const mine = new Promise<void>((resolve) => (leave = resolve));
    // Whoever gives up waiting still has to be waited through by those behind.
    this.#last = Promise.all([before, mine]);
    try {
      await withDeadline(before, { timeoutInMs, clock: this.#clock, onTimeout: () => busy(timeoutInMs) });
      return await work({
        load: () => this.load(),
        save: (value, version) => this.save(value, version),
      });
    } finally {
      leave();
    }
  }

  #put(value: StoredRefreshToken): RefreshTokenSnapshot {
    this.#snapshot = Object.freeze({ value: Object.freeze({ ...value }), version: String(++this.#saves) });
    return this.#snapshot;
  }
}

function busy(timeoutInMs: number): RefreshTokenStoreError {
  return new RefreshTokenStoreError(
    `The refresh token in memory was in use for longer than ${timeoutInMs} ms.`,
    'Let the work that holds it end sooner, or wait longer.',
  );
}
