import { EntraOptionsError } from '../../common/entra-auth.error.js';
import { checkObject, kindOf } from '../../common/option-checks.js';
import { namesOf } from '../../common/option-table.js';
import { EncryptedRefreshTokenStore } from '../encrypted/encrypted.refresh-token-store.js';
import type { RefreshTokenKeyRing } from '../encrypted/key-ring.js';
import type { ExclusiveOptions, RefreshTokenStore } from '../refresh-token-store.js';
import { checkSignInKey } from './sign-in-key.js';
import type { SignInPage, SignInStore, StoredSignIn } from './sign-in-store.js';

/** The store to encrypt, and the keys. */
export interface EncryptedSignInStoreOptions {
  /** Where the encrypted records are kept. */
  store: SignInStore;
  /** As those of `EncryptedRefreshTokenStore`. */
  keys: RefreshTokenKeyRing;
}

const optionNames = namesOf<keyof EncryptedSignInStoreOptions>({ store: true, keys: true });

/**
 * Encrypts the records of another store, as `EncryptedRefreshTokenStore` does. Each record is bound to its key: one that was
 * moved to another user's place is refused. Keys and times stay readable. Needs the package `jose`.
 *
 * @throws {EntraOptionsError} when an option is wrong
 */
export class EncryptedSignInStore implements SignInStore {
  readonly #store: SignInStore;
  readonly #keys: RefreshTokenKeyRing;

  constructor(options: EncryptedSignInStoreOptions) {
    checkObject('options', options, optionNames, 'Give { store, keys }.');
    const { store, keys } = options;
    if (typeof store?.of !== 'function') {
      const fix = 'Give the store that keeps the encrypted records, such as a TypeOrmSignInStore.';
      throw new EntraOptionsError('store', kindOf(store), fix);
    }
    this.#store = store;
    this.#keys = keys;
    // Checks the keys.
    this.of('probe');
  }

  of(key: string): EncryptedRefreshTokenStore & RefreshTokenStore {
    checkSignInKey('key', key);
    // A name of its own kind: the record of a single-user store is not one of these.
    const name = `sign-in ${key}`;
    return new EncryptedRefreshTokenStore({ store: this.#store.of(key), keys: this.#keys, name });
  }

  delete(key: string, options?: ExclusiveOptions): Promise<boolean> {
    return this.#store.delete(key, options);
  }

  list(page: SignInPage): Promise<readonly StoredSignIn[]> {
    return this.#store.list(page);
  }

  /**
   * Encrypts all records with the current key now instead of with the next `save`. Skips those that were deleted meanwhile.
   *
   * @returns how many were rewritten
   * @throws {RefreshTokenUnreadableError} at the first that cannot be decrypted
   */
  async reencrypt(): Promise<number> {
    let rewritten = 0;
    let after: string | undefined;
    for (;;) {
      const page = await this.#store.list({ limit: 100, after });
      for (const { key } of page) if (await this.of(key).reencrypt()) rewritten++;
      after = page.at(-1)?.key;
      if (after === undefined) return rewritten;
    }
  }
}
