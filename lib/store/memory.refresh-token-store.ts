import { systemClock, type Clock } from '../common/clock.js';
import { MemoryRecords } from './memory-records.js';
import type {
  ExclusiveOptions,
  RefreshTokenAccess,
  RefreshTokenSnapshot,
  RefreshTokenStore,
  StoredRefreshToken,
} from './refresh-token-store.js';

const only = '';

/** Keeps a refresh token in memory, for the lifetime of one process: for tests and one-off jobs. */
export class MemoryRefreshTokenStore implements RefreshTokenStore {
  readonly #records: MemoryRecords;

  /**
   * @param value the initial content. Default: nothing
   * @param clock measures the `timeoutInMs` of `exclusive`. Default: the machine's clock
   */
  constructor(value?: StoredRefreshToken, clock: Clock = systemClock) {
    this.#records = new MemoryRecords(clock);
    if (value !== undefined) this.#records.put(only, value);
  }

  load(): Promise<RefreshTokenSnapshot | undefined> {
    return Promise.resolve(this.#records.get(only));
  }

  save(value: StoredRefreshToken, expectedVersion: string | undefined): Promise<RefreshTokenSnapshot> {
    return this.#records.save(only, value, expectedVersion);
  }

  async exclusive<T>(
    work: (access: RefreshTokenAccess) => Promise<T>,
    options: ExclusiveOptions = {},
  ): Promise<T> {
    return this.#records.exclusive(only, work, options);
  }
}
