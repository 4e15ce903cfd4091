import type { DataSource } from 'typeorm';

import { systemClock, type Clock } from '../../common/clock.js';
import { checkObject } from '../../common/option-checks.js';
import { namesOf } from '../../common/option-table.js';
import { redactError } from '../../common/redaction.js';
import { decodeRecord } from '../refresh-token-record.js';
import { ifReadable, RefreshTokenStoreError } from '../refresh-token-store.error.js';
import type { RefreshTokenStore } from '../refresh-token-store.js';
import { checkSignInKey } from '../sign-ins/sign-in-key.js';
import {
  linesOf,
  type LoadedSignIn,
  type SignInPage,
  type SignInStore,
  type StoredSignIn,
} from '../sign-ins/sign-in-store.js';
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
   * A data source for PostgreSQL, or a function that returns it when it is first needed, as for one that logs in with a token of
   * the same module. It is initialized before the store is used. Each redemption takes two connections of its pool: with a
   * `poolSize` of 10, five users at once.
   */
  dataSource: DataSource | (() => DataSource);
  /** Time and chance, for tests. */
  clock?: Clock;
}

interface OpenTable {
  dataSource: DataSource;
  /** Its name, quoted. */
  table: string;
  connections: DatabaseConnections;
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
  readonly #dataSource: () => DataSource;
  readonly #clock: Clock;
  #known: OpenTable | undefined;

  constructor(options: TypeOrmSignInStoreOptions) {
    const names = namesOf<keyof TypeOrmSignInStoreOptions>({ dataSource: true, clock: true });
    checkObject('options', options, names, 'Give { dataSource }.');
    const { dataSource, clock = systemClock } = options;
    if (typeof dataSource !== 'function') checkDataSource(dataSource);
    this.#dataSource = typeof dataSource === 'function' ? dataSource : () => dataSource;
    this.#clock = clock;
  }

  of(key: string): RefreshTokenStore {
    checkSignInKey('key', key);
    return {
      identity: key,
      load: async () => this.#record(key).load(),
      save: async (value, expectedVersion) => this.#record(key).save(value, expectedVersion),
      exclusive: async (work, options) => this.#record(key).exclusive(work, options),
    };
  }

  /** Needs no lock: a `save` that follows on what is deleted is a conflict. */
  async delete(key: string): Promise<boolean> {
    checkSignInKey('key', key);
    return this.#run('Deleting', (session, table) => new RefreshTokenRow(table, key).delete(session));
  }

  async list(page: SignInPage): Promise<readonly StoredSignIn[]> {
    return linesOf(await this.loadPage(page));
  }

  /** Reads a page by one statement. */
  loadPage({ limit, after }: SignInPage): Promise<readonly LoadedSignIn[]> {
    return this.#run('Listing', async (session, table) => {
      const statement = `SELECT "name", "record" FROM ${table} WHERE "name" > $1 ORDER BY "name" LIMIT $2`;
      const rows = await session.query(statement, [after ?? '', limit]);
      return Promise.all(
        rows.map(async (row) => ({
          key: String(row['name']),
          value: await ifReadable(() => decodeRecord(String(row['record']), table).value),
        })),
      );
    });
  }

  #record(key: string): DatabaseRecord {
    const { table, connections } = this.#open();
    const row = new RefreshTokenRow(table, key);
    return new DatabaseRecord({ row, lock: `${table}/${key}`, connections, clock: this.#clock });
  }

  async #run<T>(doing: string, work: (session: DatabaseSession, table: string) => Promise<T>): Promise<T> {
    const { table, connections } = this.#open();
    return guardDatabase(doing, table, async () => {
      const borrowed = await connections.borrow();
      return work(borrowed.session, table).finally(() => borrowed.release());
    });
  }

  /** An application that begins anew in the same process has another data source. */
  #open(): OpenTable {
    const dataSource = this.#find();
    if (this.#known !== undefined && this.#known.dataSource === dataSource) return this.#known;
    checkDataSource(dataSource);
    const connections = new DatabaseConnections(dataSource, this.#clock);
    return (this.#known = { dataSource, table: signInPath(dataSource).quoted, connections });
  }

  #find(): DataSource {
    try {
      return this.#dataSource();
    } catch (error) {
      const cause = redactError(error);
      const problem = `The function "dataSource" of the store of sign-ins failed: ${cause.message}.`;
      throw new RefreshTokenStoreError(problem, 'Return the data source once it is there.', { cause });
    }
  }
}
