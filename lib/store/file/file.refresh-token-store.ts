import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { systemClock, type Clock } from '../../common/clock.js';
import { EntraOptionsError, isEntraAuthError } from '../../common/entra-auth.error.js';
import { KeyedMutex } from '../../common/keyed-mutex.js';
import { booleanOption, checkObject, kindOf, numberOption } from '../../common/option-checks.js';
import { namesOf } from '../../common/option-table.js';
import { encodeRecord } from '../refresh-token-record.js';
import { RefreshTokenConflictError, RefreshTokenStoreError } from '../refresh-token-store.error.js';
import type {
  ExclusiveOptions,
  RefreshTokenAccess,
  RefreshTokenSnapshot,
  RefreshTokenStore,
  StoredRefreshToken,
} from '../refresh-token-store.js';
import { withLock, type StoreLock } from '../store-lock.js';
import { fileFailure } from './file-failure.js';
import { FileLock } from './file-lock.js';
import { HeartbeatMonitor } from './heartbeat.js';
import type { LockHolder } from './lock-holder.js';
import { newestRecord } from './record-lines.js';
import { TokenFile } from './token-file.js';

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

const readAttempts = 3;
const readAgainAfterInMs = 5;

// One queue for all stores of the process; between processes the lock file decides.
const mutex = new KeyedMutex();

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
  readonly #clock: Clock;
  readonly #groupAllowed: boolean;
  readonly #staleAfterInMs: number;
  readonly #heartbeats = new HeartbeatMonitor();

  constructor(options: FileRefreshTokenStoreOptions) {
    checkObject('options', options, optionNames, 'Give { path }.');
    const { path, allowGroupAccess, staleAfterInMs, clock = systemClock } = options;
    if (typeof path !== 'string' || path === '' || path.includes('\0'))
      throw new EntraOptionsError('path', kindOf(path), 'Give the path of a file.');
    this.path = path;
    this.identity = resolve(path);
    this.#clock = clock;
    this.#groupAllowed = booleanOption('allowGroupAccess', allowGroupAccess, false);
    const range = { min: 1000, max: 3_600_000, unit: 'milliseconds' };
    this.#staleAfterInMs = numberOption('staleAfterInMs', staleAfterInMs, 15_000, range);
  }

  async load(): Promise<RefreshTokenSnapshot | undefined> {
    return read(await TokenFile.at(this.path, this.#groupAllowed));
  }

  save(value: StoredRefreshToken, expectedVersion: string | undefined): Promise<RefreshTokenSnapshot> {
    return this.exclusive((access) => access.save(value, expectedVersion));
  }

  async exclusive<T>(
    work: (access: RefreshTokenAccess) => Promise<T>,
    options: ExclusiveOptions = {},
  ): Promise<T> {
    let holder: LockHolder | undefined;
    const request = {
      options,
      clock: this.#clock,
      name: `the lock on the file ${this.path}`,
      holder: () => (holder === undefined ? '' : `: the process ${holder.pid} on ${holder.host} holds it`),
      acquire: (signal: AbortSignal) => this.#acquire(signal, (found) => (holder = found)),
    };
    return withLock(request, ({ access }) => work(access));
  }

  async #acquire(
    signal: AbortSignal,
    onHolder: (holder: LockHolder | undefined) => void,
  ): Promise<StoreLock & { access: RefreshTokenAccess }> {
    const unlock = await mutex.acquire(resolve(this.path), signal);
    try {
      const file = await TokenFile.at(this.path, this.#groupAllowed);
      const lock = await FileLock.acquire(
        {
          path: file.lockPath,
          clock: this.#clock,
          staleAfterInMs: this.#staleAfterInMs,
          heartbeats: this.#heartbeats,
          onHolder,
        },
        signal,
      );
      try {
        await file.tidy(lock.id);
      } catch (error) {
        await lock.release();
        throw error;
      }
      return { release: () => lock.release().finally(unlock), access: accessTo(file, lock) };
    } catch (error) {
      unlock();
      throw isEntraAuthError(error) || signal.aborted ? error : fileFailure('Locking', this.path, error);
    }
  }
}

function accessTo(file: TokenFile, lock: FileLock): RefreshTokenAccess {
  return {
    load: () => read(file),
    save: async (value, expectedVersion) => {
      const { text, snapshot } = encodeRecord(value);
      if ((await read(file))?.version !== expectedVersion) throw new RefreshTokenConflictError(nameOf(file));
      if (await file.replace(text, () => lock.isHeld())) return snapshot;
      throw new RefreshTokenStoreError(
        `This process lost the lock on ${nameOf(file)}; nothing was saved.`,
        'Save with the store itself instead of the access of `exclusive`: it succeeds unless another process has saved.',
      );
    },
  };
}

async function read(file: TokenFile): Promise<RefreshTokenSnapshot | undefined> {
  for (let attempt = 1; ; attempt++) {
    const text = (await file.read()) ?? '';
    // A mount of a single file needs a file that was created in advance.
    if (text.trim() === '') return undefined;
    try {
      return newestRecord(text, nameOf(file));
    } catch (error) {
      // A file that cannot be replaced may be written in place at this moment.
      if (attempt === readAttempts) throw error;
      await sleep(readAgainAfterInMs);
    }
  }
}

const nameOf = (file: TokenFile): string => `the file ${file.path}`;
