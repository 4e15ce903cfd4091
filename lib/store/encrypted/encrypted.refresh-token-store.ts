import { booleanOption, checkObject, kindOf } from '../../common/option-checks.js';
import { EntraOptionsError } from '../../common/entra-auth.error.js';
import { namesOf } from '../../common/option-table.js';
import { encodeRecord } from '../refresh-token-record.js';
import type {
  ExclusiveOptions,
  RefreshTokenAccess,
  RefreshTokenSnapshot,
  RefreshTokenStore,
  StoredRefreshToken,
} from '../refresh-token-store.js';
import { KeyRing, type RefreshTokenKeyRing } from './key-ring.js';
import { isEncrypted, TokenCipher, unreadable } from './token-cipher.js';

/** The store to encrypt, and the keys. */
export interface EncryptedRefreshTokenStoreOptions {
  /** Where the encrypted records are kept. */
  store: RefreshTokenStore;
  /**
   * The keys. To rotate: add the new key in every replica, make it `current` in every replica, call `reencrypt()`, then
   * remove the old key.
   */
  keys: RefreshTokenKeyRing;
  /**
   * Bound into every record, so that a record cannot be passed off as that of another grant. Give a name where the place
   * may change: a file that is moved, or that another replica mounts elsewhere.
   *
   * Without a name, records that 0.1 wrote under its default name `'default'` are read too, and bound to the place by the
   * next `save` or `reencrypt()`.
   *
   * @default the `identity` of `store`: the absolute path of the file, or the name of the row; `'default'` without one
   */
  name?: string;
  /**
   * Accepts a refresh token that is stored without encryption, and encrypts it with the next `save` or `reencrypt()`. Only
   * for the change to encryption: while it is set, any process that can write to the wrapped store can plant a refresh
   * token.
   *
   * @default false
   */
  adoptPlaintext?: boolean;
}

/** The default name of 0.1, whatever the place was. */
const unbound = 'default';

const optionNames = namesOf<keyof EncryptedRefreshTokenStoreOptions>({
  store: true,
  keys: true,
  name: true,
  adoptPlaintext: true,
});

/**
 * Encrypts the records of another store: JWE with a 256-bit key (`dir`, A256GCM). Only `obtainedOnTimestamp` stays
 * readable. A record that cannot be decrypted is never overwritten. Needs the package `jose`.
 *
 * Does not detect an older record that was put back: it looks like a restored backup.
 *
 * @throws {EntraOptionsError} when an option is wrong
 */
export class EncryptedRefreshTokenStore implements RefreshTokenStore {
  readonly #store: RefreshTokenStore;
  readonly #keys: KeyRing;
  readonly #cipher: TokenCipher;
  readonly #adoptsPlaintext: boolean;

  constructor(options: EncryptedRefreshTokenStoreOptions) {
    checkObject('options', options, optionNames, 'Give { store, keys }.');
    const { store, keys, name, adoptPlaintext } = options;
    if (typeof store?.exclusive !== 'function')
      throw new EntraOptionsError('store', kindOf(store), 'Give the store that keeps the encrypted records.');
    if (name !== undefined && (typeof name !== 'string' || name === ''))
      throw new EntraOptionsError(
        'name',
        kindOf(name),
        'Give a name, or omit it for the identity of the store.',
      );
    this.#store = store;
    this.#keys = new KeyRing(keys);
    this.#cipher = new TokenCipher(
      this.#keys,
      name ?? store.identity ?? unbound,
      name === undefined ? [unbound] : [],
    );
    this.#adoptsPlaintext = booleanOption('adoptPlaintext', adoptPlaintext, false);
  }

  load(): Promise<RefreshTokenSnapshot | undefined> {
    return this.#load(this.#store);
  }

  save(value: StoredRefreshToken, expectedVersion: string | undefined): Promise<RefreshTokenSnapshot> {
    return this.#save(this.#store, value, expectedVersion);
  }

  exclusive<T>(work: (access: RefreshTokenAccess) => Promise<T>, options?: ExclusiveOptions): Promise<T> {
    return this.#store.exclusive(
      (access) =>
        work({
          load: () => this.#load(access),
          save: (value, expectedVersion) => this.#save(access, value, expectedVersion),
        }),
      options,
    );
  }

  /**
   * Encrypts the stored record with the current key now instead of with the next `save`. Runs within `exclusive`.
   *
   * @returns whether the record was rewritten: `false` when nothing is stored, or the current key was used already
   * @throws {RefreshTokenUnreadableError} when it cannot be decrypted
   */
  reencrypt(options?: ExclusiveOptions): Promise<boolean> {
    return this.#store.exclusive(async (access) => {
      const inner = await access.load();
      if (inner === undefined) return false;
      const value = await this.#open(inner.value);
      if (this.#cipher.isCurrent(inner.value.refreshToken)) return false;
      await access.save(await this.#seal(value), inner.version);
      return true;
    }, options);
  }

  async #load(from: RefreshTokenAccess): Promise<RefreshTokenSnapshot | undefined> {
    const inner = await from.load();
    return inner && { value: await this.#open(inner.value), version: inner.version };
  }

  async #save(
    to: RefreshTokenAccess,
    value: StoredRefreshToken,
    expectedVersion: string | undefined,
  ): Promise<RefreshTokenSnapshot> {
    const checked = encodeRecord(value).snapshot.value;
    const current = await to.load();
    // Throws if it cannot be decrypted. The wrapped store checks the version.
    if (current !== undefined) await this.#open(current.value);
    const { version } = await to.save(await this.#seal(checked), expectedVersion);
    return { value: checked, version };
  }

  async #seal(value: StoredRefreshToken): Promise<StoredRefreshToken> {
    const { obtainedOnTimestamp } = value;
    return { refreshToken: await this.#cipher.encrypt(value), obtainedOnTimestamp };
  }

  async #open(inner: StoredRefreshToken): Promise<StoredRefreshToken> {
    if (!isEncrypted(inner.refreshToken)) return this.#plain(inner);
    const value = await this.#cipher.decrypt(inner.refreshToken);
    if (value.obtainedOnTimestamp === inner.obtainedOnTimestamp) return value;
    throw unreadable(
      'its readable time differs from the encrypted one',
      'Restore it from a backup, or remove it and sign in again.',
    );
  }

  #plain(inner: StoredRefreshToken): StoredRefreshToken {
    if (this.#adoptsPlaintext) return inner;
    throw unreadable(
      'it is not encrypted',
      'To encrypt it, run `npx nestjs-entra-auth store rotate-key --adopt-plaintext`; or set "adoptPlaintext": true, call `reencrypt()` once, and remove the option.',
    );
  }
}
