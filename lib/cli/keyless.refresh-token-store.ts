import { isEncrypted, keyIdOf } from '../store/encrypted/token-cipher.js';
import type {
  ExclusiveOptions,
  RefreshTokenAccess,
  RefreshTokenSnapshot,
  RefreshTokenStore,
  StoredRefreshToken,
} from '../store/refresh-token-store.js';
import { RefreshTokenUnreadableError } from '../store/refresh-token-unreadable.error.js';
import { keysVariable } from './key-ring.js';

/** A store as it is used without keys: what was stored with encryption is neither read nor overwritten. */
export class KeylessRefreshTokenStore implements RefreshTokenStore {
  constructor(
    private readonly store: RefreshTokenStore,
    private readonly place: string,
  ) {}

  load(): Promise<RefreshTokenSnapshot | undefined> {
    return this.#load(this.store);
  }

  save(value: StoredRefreshToken, expectedVersion: string | undefined): Promise<RefreshTokenSnapshot> {
    return this.exclusive((access) => access.save(value, expectedVersion));
  }

  exclusive<T>(work: (access: RefreshTokenAccess) => Promise<T>, options?: ExclusiveOptions): Promise<T> {
    return this.store.exclusive(
      (access) =>
        work({
          load: () => this.#load(access),
          save: async (value, expectedVersion) => {
            await this.#load(access);
            return access.save(value, expectedVersion);
          },
        }),
      options,
    );
  }

  async #load(from: RefreshTokenAccess): Promise<RefreshTokenSnapshot | undefined> {
    const snapshot = await from.load();
    if (snapshot === undefined || !isEncrypted(snapshot.value.refreshToken)) return snapshot;
    const keyId = keyIdOf(snapshot.value.refreshToken);
    const named = keyId === undefined ? '' : ` with the key "${keyId}"`;
    throw new RefreshTokenUnreadableError(
      `What ${this.place} holds is encrypted${named}, and ${keysVariable} is not set. It is left as it is.`,
      `Set ${keysVariable} to "${keyId ?? 'id'}=<the key>".`,
    );
  }
}
