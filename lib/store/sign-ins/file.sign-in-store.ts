import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import type { Clock } from '../../common/clock.js';
import { EntraOptionsError } from '../../common/entra-auth.error.js';
import { checkObject, kindOf } from '../../common/option-checks.js';
import { namesOf } from '../../common/option-table.js';
import { FileRefreshTokenStore } from '../file/file.refresh-token-store.js';
import { ifReadable } from '../refresh-token-store.error.js';
import type { ExclusiveOptions, RefreshTokenStore } from '../refresh-token-store.js';
import { checkSignInKey, decodeKey, encodeKey } from './sign-in-key.js';
import {
  linesOf,
  type LoadedSignIn,
  type SignInPage,
  type SignInStore,
  type StoredSignIn,
} from './sign-in-store.js';

/** Which directory keeps the sign-ins, and who may read it. */
export interface FileSignInStoreOptions {
  /** A directory of its own. It must exist and be writable. */
  directory: string;
  /** As that of `FileRefreshTokenStore`. @default false */
  allowGroupAccess?: boolean;
  /** As that of `FileRefreshTokenStore`, in milliseconds. @default 15000 */
  staleAfterInMs?: number;
  /** Time and chance, for tests. */
  clock?: Clock;
}

const ending = '.json';
const optionNames = namesOf<keyof FileSignInStoreOptions>({
  directory: true,
  allowGroupAccess: true,
  staleAfterInMs: true,
  clock: true,
});

/**
 * Keeps each sign-in in a file of its own, as `FileRefreshTokenStore` does. The name of the file is the key in base32. For some
 * thousands of users: each use reads the names in the directory.
 *
 * The content is not encrypted: wrap the store in an `EncryptedSignInStore` for that.
 *
 * @throws {EntraOptionsError} when an option is wrong
 */
export class FileSignInStore implements SignInStore {
  readonly #directory: string;
  readonly #options: Omit<FileSignInStoreOptions, 'directory'>;

  constructor(options: FileSignInStoreOptions) {
    checkObject('options', options, optionNames, 'Give { directory }.');
    const { directory, ...others } = options;
    if (typeof directory !== 'string' || directory === '' || directory.includes('\0'))
      throw new EntraOptionsError('directory', kindOf(directory), 'Give the path of a directory.');
    this.#directory = resolve(directory);
    this.#options = others;
    // Checks the other options.
    this.#file('probe');
  }

  of(key: string): RefreshTokenStore {
    checkSignInKey('key', key);
    const file = this.#file(encodeKey(key));
    return {
      identity: key,
      load: () => file.load(),
      save: (value, expectedVersion) => file.save(value, expectedVersion),
      exclusive: (work, options) => file.exclusive(work, options),
    };
  }

  async delete(key: string, options?: ExclusiveOptions): Promise<boolean> {
    checkSignInKey('key', key);
    return this.#file(encodeKey(key)).remove(options);
  }

  async list(page: SignInPage): Promise<readonly StoredSignIn[]> {
    return linesOf(await this.loadPage(page));
  }

  async loadPage({ limit, after }: SignInPage): Promise<readonly LoadedSignIn[]> {
    const from = after === undefined ? '' : encodeKey(after);
    const names = (await this.#names()).filter((name) => name > from).sort();
    const listed: LoadedSignIn[] = [];
    for (const name of names) {
      if (listed.length === limit) break;
      const key = decodeKey(name);
      if (key === undefined) continue;
      const deleted = 'deleted';
      const value = await ifReadable(async () => (await this.#file(name).load())?.value ?? deleted);
      if (value !== deleted) listed.push({ key, value });
    }
    return listed;
  }

  async #names(): Promise<string[]> {
    try {
      const names = await readdir(this.#directory);
      return names.filter((name) => name.endsWith(ending)).map((name) => name.slice(0, -ending.length));
    } catch (error) {
      const { fileFailure } = await import('../file/file-failure.js');
      throw fileFailure('Listing', this.#directory, error);
    }
  }

  #file(name: string): FileRefreshTokenStore {
    return new FileRefreshTokenStore({ ...this.#options, path: join(this.#directory, `${name}${ending}`) });
  }
}
