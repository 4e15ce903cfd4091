import { EntraOptionsError } from '../../common/entra-auth.error.js';
import { checkObject, kindOf } from '../../common/option-checks.js';
import { namesOf } from '../../common/option-table.js';
import { EncryptedRefreshTokenStore } from '../encrypted/encrypted.refresh-token-store.js';
import { ifReadable } from '../refresh-token-store.error.js';
import type { RefreshTokenKeyRing } from '../encrypted/key-ring.js';
import type { ExclusiveOptions, RefreshTokenStore } from '../refresh-token-store.js';
import { checkSignInKey } from './sign-in-key.js';
import type { LoadedSignIn, SignInPage, SignInStore, StoredSignIn } from './sign-in-store.js';

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
  /** Where the wrapped store has it. */
  readonly loadPage?: (page: SignInPage) => Promise<readonly LoadedSignIn[]>;

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
    if (typeof store.loadPage === 'function') this.loadPage = (page) => this.#loadPage(page);
  }

  of(key: string): EncryptedRefreshTokenStore & RefreshTokenStore {
    checkSignInKey('key', key);
    return this.#encrypted(key, this.#store.of(key));
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

  async #loadPage(page: SignInPage): Promise<readonly LoadedSignIn[]> {
    const stored = await this.#store.loadPage!(page);
    const open = async ({ key, value }: LoadedSignIn): Promise<LoadedSignIn> => {
      if (value === undefined) return { key, value };
      const single = this.#store.of(key);
      // By its methods: an object of a class has them elsewhere than on itself.
      const loaded: RefreshTokenStore = {
        load: () => Promise.resolve({ value, version: '' }),
        save: (...given) => single.save(...given),
        exclusive: (...given) => single.exclusive(...given),
      };
      return { key, value: await ifReadable(async () => (await this.#encrypted(key, loaded).load())?.value) };
    };
    return Promise.all(stored.map(open));
  }

  #encrypted(key: string, store: RefreshTokenStore): EncryptedRefreshTokenStore {
    // A name of its own kind: the record of a single-user store is not one of these.
    return new EncryptedRefreshTokenStore({ store, keys: this.#keys, name: `sign-in ${key}` });
  }
}
