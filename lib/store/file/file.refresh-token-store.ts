import { resolve } from 'node:path';

import { systemClock, type Clock } from '../../common/clock.js';
import { EntraOptionsError } from '../../common/entra-auth.error.js';
import { booleanOption, checkObject, kindOf, numberOption } from '../../common/option-checks.js';
import { namesOf } from '../../common/option-table.js';
import type {
  ExclusiveOptions,
  RefreshTokenAccess,
  RefreshTokenSnapshot,
  RefreshTokenStore,
  StoredRefreshToken,
} from '../refresh-token-store.js';
import type { SharedFile, SharedFileSettings } from './shared-file.js';

/** Which file keeps the refresh token, and who may read it. */
export interface FileRefreshTokenStoreOptions {
  /**
   * The file. Its directory must exist and be writable: the lock file is created in it. Behind a symbolic link the file
   * is replaced, not the link.
   */
  path: string;
  /**
   * Accepts a file that its group can read and write, and that another user owns: for a Kubernetes volume with an
   * `fsGroup`, which is set up so at every start.
   *
   * @default false
   */
  allowGroupAccess?: boolean;
  /**
   * How long the heartbeat of the lock's holder may be missing before it counts as dead, in milliseconds. Applies to a
   * holder on another machine or in another container; a process on this machine is looked up instead.
   *
   * @default 15000
   */
  staleAfterInMs?: number;
  /** Time and chance, for tests. */
  clock?: Clock;
}

const optionNames = namesOf<keyof FileRefreshTokenStoreOptions>({
  path: true,
  allowGroupAccess: true,
  staleAfterInMs: true,
  clock: true,
});

/**
 * Keeps the refresh token in a file that only its user can read (mode 0600). The file is replaced atomically: it is whole
 * whenever a process is killed, and several processes can share it.
 *
 * The content is not encrypted: wrap the store in an `EncryptedRefreshTokenStore` for that.
 *
 * @throws {EntraOptionsError} when an option is wrong
 */
export class FileRefreshTokenStore implements RefreshTokenStore {
  /** The path as given. */
  readonly path: string;
  /** The absolute path. */
  readonly identity: string;
  readonly #settings: SharedFileSettings;
  #file: SharedFile | undefined;

  constructor(options: FileRefreshTokenStoreOptions) {
    checkObject('options', options, optionNames, 'Give { path }.');
    const { path, allowGroupAccess, staleAfterInMs, clock = systemClock } = options;
    if (typeof path !== 'string' || path === '' || path.includes('\0'))
      throw new EntraOptionsError('path', kindOf(path), 'Give the path of a file.');
    this.path = path;
    this.identity = resolve(path);
    const range = { min: 1000, max: 3_600_000, unit: 'milliseconds' };
    this.#settings = {
      path,
      allowGroupAccess: booleanOption('allowGroupAccess', allowGroupAccess, false),
      staleAfterInMs: numberOption('staleAfterInMs', staleAfterInMs, 15_000, range),
      clock,
    };
  }

  async load(): Promise<RefreshTokenSnapshot | undefined> {
    return (await this.#open()).load();
  }

  save(value: StoredRefreshToken, expectedVersion: string | undefined): Promise<RefreshTokenSnapshot> {
    return this.exclusive((access) => access.save(value, expectedVersion));
  }

  async exclusive<T>(
    work: (access: RefreshTokenAccess) => Promise<T>,
    options: ExclusiveOptions = {},
  ): Promise<T> {
    return (await this.#open()).exclusive(work, options);
  }

  /**
   * Deletes the file under its lock, whatever it holds.
   *
   * @internal
   * @returns whether there was one
   */
  async remove(options: ExclusiveOptions = {}): Promise<boolean> {
    return (await this.#open()).remove(options);
  }

  /** Loads on first use what reads, locks and replaces files. */
  async #open(): Promise<SharedFile> {
    const { SharedFile: Opened } = await import('./shared-file.js');
    return (this.#file ??= new Opened(this.#settings));
  }
}
