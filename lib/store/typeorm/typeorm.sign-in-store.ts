import type { DataSource } from 'typeorm';

import { systemClock, type Clock } from '../../common/clock.js';
import { isEntraAuthError } from '../../common/entra-auth.error.js';
import { checkObject } from '../../common/option-checks.js';
import { namesOf } from '../../common/option-table.js';
import { decodeRecord } from '../refresh-token-record.js';
import type { RefreshTokenStore } from '../refresh-token-store.js';
import { checkSignInKey } from '../sign-ins/sign-in-key.js';
import type { SignInPage, SignInStore, StoredSignIn } from '../sign-ins/sign-in-store.js';
import { checkDataSource } from './data-source-option.js';
import { DatabaseConnections } from './database-connections.js';
import { guardDatabase } from './database-failure.js';
import { DatabaseRecord } from './database-record.js';
import type { DatabaseSession } from './database-session.js';
import { RefreshTokenRow } from './refresh-token-row.js';
import { signInPath } from './table-path.js';

/** The database that keeps the sign-ins. */
export interface TypeOrmSignInStoreOptions {
  /**
   * A data source for PostgreSQL, initialized before the store is used. Each redemption takes two connections of its pool:
   * with a `poolSize` of 10, five users at once.
   */
  dataSource: DataSource;
  /** Time and chance, for tests. */
  clock?: Clock;
}

/**
 * Keeps each sign-in in a row of PostgreSQL, shared by the replicas of an application. The migration `CreateEntraSignIn…` of this
 * package creates the table.
 *
 * The records are not encrypted: wrap the store in an `EncryptedSignInStore` for that.
 *
 * @throws {EntraOptionsError} when an option is wrong
 */
export class TypeOrmSignInStore implements SignInStore {
  readonly #clock: Clock;
  readonly #table: string;
  readonly #connections: DatabaseConnections;

  constructor(options: TypeOrmSignInStoreOptions) {
    const names = namesOf<keyof TypeOrmSignInStoreOptions>({ dataSource: true, clock: true });
    checkObject('options', options, names, 'Give { dataSource }.');
    const { dataSource, clock = systemClock } = options;
    checkDataSource(dataSource);
    this.#clock = clock;
    this.#table = signInPath(dataSource).quoted;
    this.#connections = new DatabaseConnections(dataSource, clock);
  }

  of(key: string): RefreshTokenStore {
    return new DatabaseRecord({
      row: this.#row(key),
      lock: `${this.#table}/${key}`,
      connections: this.#connections,
      clock: this.#clock,
    });
  }

  /** Needs no lock: a `save` that follows on what is deleted is a conflict. */
  async delete(key: string): Promise<boolean> {
    const row = this.#row(key);
    return this.#run('Deleting', (session) => row.delete(session));
  }

  list({ limit, after }: SignInPage): Promise<readonly StoredSignIn[]> {
    const statement = `SELECT "name", "record" FROM ${this.#table} WHERE "name" > $1 ORDER BY "name" LIMIT $2`;
    return this.#run('Listing', async (session) =>
      (await session.query(statement, [after ?? '', limit])).map((row) => ({
        key: String(row['name']),
        obtainedOnTimestamp: this.#obtainedOn(String(row['record'])),
      })),
    );
  }

  #obtainedOn(record: string): number | undefined {
    try {
      return decodeRecord(record, this.#table).value.obtainedOnTimestamp;
    } catch (error) {
      if (isEntraAuthError(error) && error.code === 'ENTRA_REFRESH_TOKEN_UNREADABLE') return undefined;
      throw error;
    }
  }

  #row(key: string): RefreshTokenRow {
    checkSignInKey('key', key);
    return new RefreshTokenRow(this.#table, key);
  }

  #run<T>(doing: string, work: (session: DatabaseSession) => Promise<T>): Promise<T> {
    return guardDatabase(doing, this.#table, async () => {
      const borrowed = await this.#connections.borrow();
      return work(borrowed.session).finally(() => borrowed.release());
    });
  }
}
