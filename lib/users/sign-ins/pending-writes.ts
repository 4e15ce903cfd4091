import type {
  RefreshTokenSnapshot,
  RefreshTokenStore,
  StoredRefreshToken,
} from '../../store/refresh-token-store.js';
import type { UserIdentity } from '../person.js';
import { isOfPerson } from './sign-in-search.js';

interface PendingWrite {
  readonly key: string;
  readonly value: StoredRefreshToken;
  readonly writing: Promise<RefreshTokenSnapshot>;
}

/**
 * New sign-ins that are being written. One that was given up at its deadline may arrive later, after a deletion that did not
 * wait for it.
 */
export class PendingWrites {
  readonly #writes = new Set<PendingWrite>();

  /** The store of one sign-in, whose writes under its lock are noted until they end. */
  noting(key: string, store: RefreshTokenStore): RefreshTokenStore {
    return {
      load: () => store.load(),
      save: (...given) => store.save(...given),
      exclusive: (work, options) =>
        store.exclusive(
          (access) =>
            work({
              load: () => access.load(),
              save: (value, version) => this.#note(key, value, async () => access.save(value, version)),
            }),
          options,
        ),
    };
  }

  keysOf(user: UserIdentity): string[] {
    return [...this.#writes].filter(({ key, value }) => isOfPerson(user, key, value)).map(({ key }) => key);
  }

  /** Those of a key. */
  of(key: string): Promise<unknown>[] {
    return [...this.#writes].filter((write) => write.key === key).map(({ writing }) => writing);
  }

  #note(
    key: string,
    value: StoredRefreshToken,
    write: () => Promise<RefreshTokenSnapshot>,
  ): Promise<RefreshTokenSnapshot> {
    const pending = { key, value, writing: write() };
    this.#writes.add(pending);
    const end = (): void => void this.#writes.delete(pending);
    pending.writing.then(end, end);
    return pending.writing;
  }
}
