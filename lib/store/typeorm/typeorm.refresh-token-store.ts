import type { DataSource } from 'typeorm';

import { systemClock, type Clock } from '../../common/clock.js';
import { EntraOptionsError } from '../../common/entra-auth.error.js';
import { checkObject, kindOf } from '../../common/option-checks.js';
import { namesOf } from '../../common/option-table.js';
import { sqlStateOf } from '../../common/sqlstate.js';
import type {
  ExclusiveOptions,
  RefreshTokenAccess,
  RefreshTokenSnapshot,
  RefreshTokenStore,
  StoredRefreshToken,
} from '../refresh-token-store.js';
import { lockTimeout, withLock } from '../store-lock.js';
import { DatabaseConnections } from './database-connections.js';
import { guardDatabase } from './database-failure.js';
import { DatabaseLock } from './database-lock.js';
import type { DatabaseSession } from './database-session.js';
import { LockedRow } from './locked-row.js';
import { refreshTokenPath } from './table-path.js';
import { RefreshTokenRow } from './refresh-token-row.js';

/** The database and the row that keep the refresh token. */
export interface TypeOrmRefreshTokenStoreOptions {
  /**
   * A data source for PostgreSQL, initialized before the store is used. `exclusive` takes two connections of its pool. Its
   * login must not need the token that this store is for.
   */
  dataSource: DataSource;
  /**
   * The row: one for each grant.
   *
   * @default 'default'
   */
  name?: string;
  /** Time and chance, for tests. */
  clock?: Clock;
}

const lockNotAvailable = '55P03';

/**
 * Keeps the refresh token in a row of PostgreSQL, shared by the replicas of an application. The migration
 * `CreateEntraRefreshToken…` of this package creates the table.
 *
 * `exclusive` holds an advisory lock on a connection of its own until the work ends. A `save` within it is committed when
 * it resolves, and is kept when the work fails later.
 *
 * The record is not encrypted: wrap the store in an `EncryptedRefreshTokenStore` for that.
 *
 * @throws {EntraOptionsError} when an option is wrong
 */
export class TypeOrmRefreshTokenStore implements RefreshTokenStore {
  /** The name of the row. */
  readonly identity: string;
  readonly #clock: Clock;
  readonly #row: RefreshTokenRow;
  readonly #connections: DatabaseConnections;

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
    this.#clock = clock;
    this.#row = new RefreshTokenRow(refreshTokenPath(dataSource).quoted, name);
    this.#connections = new DatabaseConnections(dataSource, clock);
  }

  async load(): Promise<RefreshTokenSnapshot | undefined> {
    return guardDatabase('Reading', this.#row.table, async () => {
      const borrowed = await this.#connections.borrow();
      return this.#row.read(borrowed.session).finally(() => borrowed.release());
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
    const request = {
      options,
      clock: this.#clock,
      name: this.#name,
      holder: () => obstacle,
      acquire: (signal: AbortSignal, timeoutInMs: number) =>
        guardDatabase('Locking', this.#row.table, () =>
          this.#acquire(signal, timeoutInMs, (text) => (obstacle = text)),
        ),
    };
    return withLock(request, work);
  }

  async #acquire(
    signal: AbortSignal,
    timeoutInMs: number,
    onObstacle: (text: string) => void,
  ): Promise<LockedRow> {
    const until = this.#clock.now() + timeoutInMs;
    onObstacle(': this process uses it');
    const unlock = await this.#connections.mutex.acquire(`row ${this.#row.name}`, signal);
    let sessions: DatabaseSession[] = [];
    try {
      onObstacle(': the pool of the data source, whose size is "poolSize", had no two connections free');
      const [lockSession, session] = (sessions = await this.#connections.openTwo(signal));
      onObstacle(': another process or replica holds it');
      const left = Math.min(timeoutInMs, until - this.#clock.now());
      const lock = await DatabaseLock.acquire(lockSession, this.#row.name, left, this.#clock);
      return new LockedRow(this.#row, lock, session, this.#connections, unlock);
    } catch (error) {
      for (const session of sessions) session.close(error as Error);
      unlock();
      if (sqlStateOf(error) !== lockNotAvailable) throw error;
      throw lockTimeout(this.#name, timeoutInMs, ': another process or replica holds it');
    }
  }

  get #name(): string {
    return `the lock on the row "${this.#row.name}"`;
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
