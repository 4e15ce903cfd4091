import type { DataSource } from 'typeorm';

import { systemClock, type Clock } from '../../common/clock.js';
import { EntraOptionsError } from '../../common/entra-auth.error.js';
import { checkObject, kindOf } from '../../common/option-checks.js';
import { namesOf } from '../../common/option-table.js';
import type {
  ExclusiveOptions,
  RefreshTokenAccess,
  RefreshTokenSnapshot,
  RefreshTokenStore,
  StoredRefreshToken,
} from '../refresh-token-store.js';
import { checkDataSource } from './data-source-option.js';
import { DatabaseConnections } from './database-connections.js';
import { DatabaseRecord } from './database-record.js';
import { RefreshTokenRow } from './refresh-token-row.js';
import { refreshTokenPath } from './table-path.js';

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
  readonly #record: DatabaseRecord;

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
    const row = new RefreshTokenRow(refreshTokenPath(dataSource).quoted, name);
    const connections = new DatabaseConnections(dataSource, clock);
    this.#record = new DatabaseRecord({ row, lock: name, connections, clock });
  }

  load(): Promise<RefreshTokenSnapshot | undefined> {
    return this.#record.load();
  }

  save(value: StoredRefreshToken, expectedVersion: string | undefined): Promise<RefreshTokenSnapshot> {
    return this.#record.save(value, expectedVersion);
  }

  exclusive<T>(work: (access: RefreshTokenAccess) => Promise<T>, options?: ExclusiveOptions): Promise<T> {
    return this.#record.exclusive(work, options);
  }
}
