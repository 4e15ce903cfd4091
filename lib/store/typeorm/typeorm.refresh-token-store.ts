import type { DataSource } from 'typeorm';

import { systemClock, type Clock } from '../../common/clock.js';
import { KeyedMutex } from '../../common/keyed-mutex.js';
import { checkObject, kindOf } from '../../common/option-checks.js';
import { namesOf } from '../../common/option-table.js';
import { EntraOptionsError } from '../../common/entra-auth.error.js';
import { sqlStateOf } from '../../common/sqlstate.js';
import { exclusiveUse, timedOut, whileHeld, type Held } from '../exclusive-wait.js';
import { encodeRecord } from '../refresh-token-record.js';
import { RefreshTokenStoreError } from '../refresh-token-store.error.js';
import type {
  ExclusiveOptions,
  RefreshTokenAccess,
  RefreshTokenSnapshot,
  RefreshTokenStore,
  StoredRefreshToken,
} from '../refresh-token-store.js';
import { databaseFailure, isConnectionLoss } from './database-failure.js';
import { DatabaseLock } from './database-lock.js';
import { DatabaseSession } from './database-session.js';
import { refreshTokenPath } from './refresh-token-path.js';
import { RefreshTokenRow } from './refresh-token-row.js';

/** Which row of which database keeps the refresh token. */
export interface TypeOrmRefreshTokenStoreOptions {
  /**
   * A data source for PostgreSQL, initialized before the store is used. While somebody is in `exclusive`, it takes two
   * connections of its pool. It must not log in with the very token that this store is needed for.
   */
  dataSource: DataSource;
  /**
   * Which row: one for each grant.
   *
   * @default 'default'
   */
  name?: string;
  /** Time and chance, for tests. */
  clock?: Clock;
}

const lockNotAvailable = '55P03';

// For a save whose connection was lost: what was redeemed is still in memory when it fails.
const reconnectTimeoutInMs = 10_000;

// One queue for each data source, so that a process waits with one pair of connections at most.
const mutexOf = new WeakMap<DataSource, KeyedMutex>();

/**
 * Keeps the refresh token in a row of PostgreSQL, for the replicas of an application. The table is made by the migration
 * `CreateEntraRefreshToken…` of this package.
 *
 * `exclusive` holds an advisory lock until the work ends, on a connection of its own. A `save` within it is committed,
 * and so is safe, when it resolves; it is not undone when the work fails later.
 *
 * The record is not encrypted: wrap the store in an `EncryptedRefreshTokenStore` for that.
 *
 * @throws {EntraOptionsError} when an option is wrong
 */
export class TypeOrmRefreshTokenStore implements RefreshTokenStore {
  /** The name of the row. */
  readonly identity: string;
  readonly #dataSource: DataSource;
  readonly #clock: Clock;
  readonly #row: RefreshTokenRow;
  readonly #mutex: KeyedMutex;

  constructor(options: TypeOrmRefreshTokenStoreOptions) {
    checkObject(
      'options',
      options,
      namesOf<keyof TypeOrmRefreshTokenStoreOptions>({ dataSource: true, name: true, clock: true }),
      'Give { dataSource }.',
    );
    const { dataSource, name = 'default', clock = systemClock } = options;
    checkDataSource(dataSource);
    if (typeof name !== 'string' || name === '' || name.includes('\0'))
      throw new EntraOptionsError('name', kindOf(name), 'Give a name, or leave it out for "default".');
    this.identity = name;
    this.#dataSource = dataSource;
    this.#clock = clock;
    this.#row = new RefreshTokenRow(refreshTokenPath(dataSource).quoted, name);
    this.#mutex = mutexOf.get(dataSource) ?? new KeyedMutex();
    mutexOf.set(dataSource, this.#mutex);
  }

  async load(): Promise<RefreshTokenSnapshot | undefined> {
    return this.#guard('Reading', async () => {
      const held = await this.#borrow();
      return whileHeld(held, () => this.#row.read(held.session));
    });
  }

  save(value: StoredRefreshToken, expectedVersion: string | undefined): Promise<RefreshTokenSnapshot> {
    return this.exclusive((access) => access.save(value, expectedVersion));
  }

  async exclusive<T>(
    work: (access: RefreshTokenAccess) => Promise<T>,
    options: ExclusiveOptions = {},
  ): Promise<T> {
    let obstacle = '';
    const held = await exclusiveUse({
      options,
      clock: this.#clock,
      store: `the row "${this.#row.name}"`,
      holder: () => obstacle,
      acquire: (signal, timeoutInMs) =>
        this.#guard('Locking', () => this.#acquire(signal, timeoutInMs, (text) => (obstacle = text))),
    });
    return whileHeld(held, () => work(held));
  }

  async #acquire(
    signal: AbortSignal,
    timeoutInMs: number,
    onObstacle: (text: string) => void,
  ): Promise<Held & RefreshTokenAccess> {
    const until = this.#clock.now() + timeoutInMs;
    onObstacle(': it is in use in this process');
    const unlock = await this.#mutex.acquire(`row ${this.#row.name}`, signal);
    const sessions: DatabaseSession[] = [];
    try {
      onObstacle(
        ': the pool of the data source had no two connections free; `poolSize` says how many there are',
      );
      await this.#openTwo(sessions, signal);
      const [lockSession, session] = sessions as [DatabaseSession, DatabaseSession];
      onObstacle(': another process or replica has it');
      const left = Math.min(timeoutInMs, until - this.#clock.now());
      const lock = await DatabaseLock.acquire(lockSession, this.#row.name, left, this.#clock);
      return this.#accessWith(lock, session, unlock);
    } catch (error) {
      for (const session of sessions) session.close(error as Error);
      unlock();
      if (sqlStateOf(error) !== lockNotAvailable) throw error;
      throw timedOut(`the row "${this.#row.name}"`, timeoutInMs, ': another process or replica has it');
    }
  }

  /** Both at once, since two who have one each would wait for each other. */
  #openTwo(sessions: DatabaseSession[], signal: AbortSignal): Promise<void> {
    const openTwo = async (): Promise<void> => {
      sessions.push(await this.#open(signal));
      sessions.push(await this.#open(signal));
    };
    return this.#mutex.withLock('connections', openTwo, signal);
  }

  #accessWith(lock: DatabaseLock, first: DatabaseSession, unlock: () => void): Held & RefreshTokenAccess {
    let session = first;
    let released = false;
    const checkHeld = (): void => {
      if (released) throw ended('the work that it was handed to has ended');
    };
    return {
      load: () =>
        this.#guard('Reading', () => {
          checkHeld();
          // Whoever reads here is about to redeem: not without the lock.
          if (lock.isLost) throw ended('the connection that holds the lock was lost');
          return this.#row.read(session);
        }),
      // A token that was redeemed already must be saved, with or without the lock: the expected version decides.
      save: (value, expectedVersion) =>
        this.#guard('Saving', async () => {
          checkHeld();
          const record = encodeRecord(value);
          try {
            return await this.#row.write(session, record, expectedVersion);
          } catch (error) {
            if (!isConnectionLoss(error)) throw error;
            session.close(error as Error);
            checkHeld();
            const another = await this.#borrow({ timeoutInMs: reconnectTimeoutInMs });
            // Whoever gave up waiting for this has released what there was.
            if (released) await another.release();
            checkHeld();
            session = another.session;
            return this.#row.write(session, record, expectedVersion);
          }
        }),
      release: async () => {
        released = true;
        session.close();
        await lock.release();
        unlock();
      },
    };
  }

  /** One connection, in bounded time. */
  #borrow(options: ExclusiveOptions = {}): Promise<Held & { session: DatabaseSession }> {
    return exclusiveUse({
      options,
      clock: this.#clock,
      store: 'a connection of the data source',
      acquire: async (signal) => closing(await this.#open(signal)),
    });
  }

  async #open(signal: AbortSignal): Promise<DatabaseSession> {
    if (!this.#dataSource.isInitialized) {
      throw new RefreshTokenStoreError(
        'The data source of the refresh token store is not initialized.',
        'Call `dataSource.initialize()` first, and the store before `dataSource.destroy()`.',
      );
    }
    return DatabaseSession.open(this.#dataSource, this.#clock, signal);
  }

  async #guard<T>(doing: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw databaseFailure(doing, this.#row.table, error);
    }
  }
}

function checkDataSource(dataSource: unknown): asserts dataSource is DataSource {
  const options = (dataSource as Partial<DataSource> | undefined)?.options;
  if (options === undefined)
    throw new EntraOptionsError('dataSource', kindOf(dataSource), 'Give a data source of TypeORM.');
  if (options.type !== 'postgres')
    throw new EntraOptionsError(
      'dataSource',
      `its type is "${options.type}"`,
      'Give one of type "postgres".',
    );
  const { extra, poolSize } = options as { extra?: { max?: unknown }; poolSize?: number };
  if (Number(extra?.max ?? poolSize) === 1)
    throw new EntraOptionsError(
      'dataSource',
      'its pool has one connection',
      'Give a "poolSize" of 2 or more.',
    );
}

function closing(session: DatabaseSession): Held & { session: DatabaseSession } {
  return { session, release: () => Promise.resolve(session.close()) };
}

function ended(reason: string): RefreshTokenStoreError {
  return new RefreshTokenStoreError(
    `The exclusive use of the refresh token has ended: ${reason}.`,
    'Begin again with `exclusive`.',
  );
}
