import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Clock } from '../../common/clock.js';
import { isEntraAuthError } from '../../common/entra-auth.error.js';
import { KeyedMutex } from '../../common/keyed-mutex.js';
import { encodeRecord } from '../refresh-token-record.js';
import { RefreshTokenConflictError, RefreshTokenStoreError } from '../refresh-token-store.error.js';
import type { ExclusiveOptions, RefreshTokenAccess, RefreshTokenSnapshot } from '../refresh-token-store.js';
import { withLock, type StoreLock } from '../store-lock.js';
import { fileFailure } from './file-failure.js';
import { FileLock } from './file-lock.js';
import { HeartbeatMonitor } from './heartbeat.js';
import type { LockHolder } from './lock-holder.js';
import { newestRecord } from './record-lines.js';
import { TokenFile } from './token-file.js';

const readAttempts = 3;
const readAgainAfterInMs = 5;

// One queue for all stores of the process; between processes the lock file decides.
const mutex = new KeyedMutex();

/** Which file, and how it is shared. */
export interface SharedFileSettings {
  path: string;
  allowGroupAccess: boolean;
  staleAfterInMs: number;
  clock: Clock;
}

type LockedFile = StoreLock & { file: TokenFile; access: RefreshTokenAccess };

/** Reads and locks the file of one store. */
export class SharedFile {
  readonly #settings: SharedFileSettings;
  readonly #heartbeats = new HeartbeatMonitor();

  constructor(settings: SharedFileSettings) {
    this.#settings = settings;
  }

  async load(): Promise<RefreshTokenSnapshot | undefined> {
    return read(await this.#file());
  }

  exclusive<T>(work: (access: RefreshTokenAccess) => Promise<T>, options: ExclusiveOptions): Promise<T> {
    return this.#withLock(({ access }) => work(access), options);
  }

  /** @returns whether there was a file */
  remove(options: ExclusiveOptions): Promise<boolean> {
    return this.#withLock(({ file }) => file.remove(), options);
  }

  #withLock<T>(work: (locked: LockedFile) => Promise<T>, options: ExclusiveOptions): Promise<T> {
    const { path, clock } = this.#settings;
    let holder: LockHolder | undefined;
    const request = {
      options,
      clock,
      name: `the lock on the file ${path}`,
      holder: () => (holder === undefined ? '' : `: the process ${holder.pid} on ${holder.host} holds it`),
      acquire: (signal: AbortSignal) => this.#acquire(signal, (found) => (holder = found)),
    };
    return withLock(request, work);
  }

  #file(): Promise<TokenFile> {
    return TokenFile.at(this.#settings.path, this.#settings.allowGroupAccess);
  }

  async #acquire(
    signal: AbortSignal,
    onHolder: (holder: LockHolder | undefined) => void,
  ): Promise<LockedFile> {
    const { path, clock, staleAfterInMs } = this.#settings;
    const unlock = await mutex.acquire(resolve(path), signal);
    try {
      const file = await this.#file();
      const lock = await FileLock.acquire(
        {
          path: file.lockPath,
          clock,
          staleAfterInMs,
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
      return { release: () => lock.release().finally(unlock), file, access: accessTo(file, lock) };
    } catch (error) {
      unlock();
      throw isEntraAuthError(error) || signal.aborted ? error : fileFailure('Locking', path, error);
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
