import { systemClock, type Clock } from '../../common/clock.js';
import { MemoryRecords } from '../memory-records.js';
import type { ExclusiveOptions, RefreshTokenStore } from '../refresh-token-store.js';
import { checkSignInKey, compareKeys } from './sign-in-key.js';
import type { SignInPage, SignInStore, StoredSignIn } from './sign-in-store.js';

/** Keeps sign-ins in memory, for the lifetime of one process: for tests and development. */
export class MemorySignInStore implements SignInStore {
  readonly #records: MemoryRecords;

  /** @param clock measures the `timeoutInMs` of `exclusive`. Default: the machine's clock */
  constructor(clock: Clock = systemClock) {
    this.#records = new MemoryRecords(clock);
  }

  of(key: string): RefreshTokenStore {
    checkSignInKey('key', key);
    const records = this.#records;
    return {
      identity: key,
      load: () => Promise.resolve(records.get(key)),
      save: (value, expectedVersion) => records.save(key, value, expectedVersion),
      exclusive: async (work, options) => records.exclusive(key, work, options),
    };
  }

  async delete(key: string, options?: ExclusiveOptions): Promise<boolean> {
    checkSignInKey('key', key);
    return this.#records.delete(key, options);
  }

  list({ limit, after }: SignInPage): Promise<readonly StoredSignIn[]> {
    const keys = this.#records.keys().filter((key) => after === undefined || compareKeys(key, after) > 0);
    const listed = keys.sort(compareKeys).slice(0, limit);
    return Promise.resolve(
      listed.map((key) => ({
        key,
        obtainedOnTimestamp: this.#records.get(key)?.value.obtainedOnTimestamp,
      })),
    );
  }
}
