import type { DataSource } from 'typeorm';

import { systemClock, type Clock } from '../../common/clock.js';
import { EntraOptionsError } from '../../common/entra-auth.error.js';
import { checkObject, kindOf } from '../../common/option-checks.js';
import { namesOf } from '../../common/option-table.js';
import { sqlStateOf } from '../../common/sqlstate.js';
import type { LeaseRequest, PutRequest, SharedRecord, SharedTokenCache } from '../shared-token-cache.js';
import { DatabaseSession } from './database-session.js';
import { userTokenPath } from './table-path.js';
import { userTokenStatements, type UserTokenStatements } from './user-token-statements.js';

/** The database that keeps the records. */
export interface TypeOrmTokenCacheOptions {
  /**
   * A data source for PostgreSQL, or a function that returns it when it is first needed. The application initializes and
   * destroys it.
   */
  dataSource: DataSource | (() => DataSource);
  /** Time and chance, for tests. */
  clock?: Clock;
}

type Row = Record<string, unknown>;

// Each deletes up to a hundred: more than have been stored meanwhile.
const sweepsPerPut = 0.05;

const remedies: Readonly<Record<string, string>> = {
  '42P01':
    'Add the migration `CreateEntraUserToken1795910400000` of nestjs-entra-auth/typeorm to the data source, and run it.',
  '42501': 'Grant the role SELECT, INSERT, UPDATE and DELETE on the table, and USAGE on its schema.',
};

/**
 * Keeps the shared cache of users' tokens in a table of PostgreSQL, which the migration `CreateEntraUserToken…` of this
 * package creates. Each call is one statement on one connection of the pool, also through PgBouncer.
 *
 * @throws {EntraOptionsError} when an option is wrong
 */
export class TypeOrmTokenCache implements SharedTokenCache {
  readonly description = 'PostgreSQL';
  readonly #dataSource: () => DataSource;
  readonly #clock: Clock;
  #known: { dataSource: DataSource; statements: UserTokenStatements } | undefined;

  constructor(options: TypeOrmTokenCacheOptions) {
    const names = namesOf<keyof TypeOrmTokenCacheOptions>({ dataSource: true, clock: true });
    checkObject('options', options, names, 'Give { dataSource }.');
    const { dataSource, clock = systemClock } = options;
    if (typeof dataSource !== 'function') checkPostgres(dataSource);
    this.#dataSource = typeof dataSource === 'function' ? dataSource : () => dataSource;
    this.#clock = clock;
  }

  /** Returns the record of this name, and whether a replica holds its lease. */
  read(name: string, timeoutInMs: number): Promise<SharedRecord> {
    return this.#use(timeoutInMs, async (query, { read }) => recordOf(await query(read, [name])));
  }

  lease(
    name: string,
    { holder, forMs, replaces }: LeaseRequest,
    timeoutInMs: number,
  ): Promise<'taken' | SharedRecord> {
    return this.#use(timeoutInMs, async (query, { lease, read }) => {
      const taken = await query(lease, [name, holder, forMs, replaces]);
      return taken.length > 0 ? 'taken' : recordOf(await query(read, [name]));
    });
  }

  async put(
    name: string,
    { record, expiresInMs, replaces, holder, owner }: PutRequest,
    timeoutInMs: number,
  ): Promise<boolean> {
    return this.#use(timeoutInMs, async (query, { put, release, sweep }) => {
      const stored = await query(put, [name, record, expiresInMs, replaces, holder, owner]);
      if (stored.length === 0 && holder !== undefined) await query(release, [name, holder]);
      if (this.#clock.random() < sweepsPerPut) await query(sweep);
      return stored.length > 0;
    });
  }

  async release(name: string, holder: string, timeoutInMs: number): Promise<void> {
    await this.#use(timeoutInMs, (query, { release }) => query(release, [name, holder]));
  }

  deleteOwned(owner: string, timeoutInMs: number): Promise<number> {
    return this.#use(
      timeoutInMs,
      async (query, { deleteOwned }) => (await query(deleteOwned, [owner])).length,
    );
  }

  async #use<T>(
    timeoutInMs: number,
    work: (
      query: (text: string, values?: unknown[]) => Promise<Row[]>,
      statements: UserTokenStatements,
    ) => Promise<T>,
  ): Promise<T> {
    const { dataSource, statements } = this.#open();
    const session = await this.#borrow(dataSource, timeoutInMs);
    try {
      return await work((text, values) => session.query(text, values, timeoutInMs), statements);
    } catch (error) {
      const remedy = remedies[sqlStateOf(error) ?? ''];
      throw remedy === undefined ? error : new Error(`${(error as Error).message}. ${remedy}`);
    } finally {
      session.close();
    }
  }

  #open(): { dataSource: DataSource; statements: UserTokenStatements } {
    const dataSource = this.#dataSource();
    if (dataSource !== this.#known?.dataSource || this.#known === undefined) {
      checkPostgres(dataSource);
      const statements = userTokenStatements(userTokenPath(dataSource).quoted);
      this.#known = { dataSource, statements };
    }
    return this.#known;
  }

  async #borrow(dataSource: DataSource, timeoutInMs: number): Promise<DatabaseSession> {
    if (!dataSource.isInitialized) throw new Error('The data source is not initialized.');
    const gaveUp = new AbortController();
    const timeout = new Error(`No connection of the pool was free within ${timeoutInMs} ms.`);
    const timer = this.#clock.setTimeout(() => gaveUp.abort(timeout), timeoutInMs);
    try {
      return await DatabaseSession.open(dataSource, this.#clock, gaveUp.signal);
    } finally {
      this.#clock.clearTimeout(timer);
    }
  }
}

function recordOf([row]: Row[]): SharedRecord {
  const { record, isLeased } = row ?? {};
  return { record: Buffer.isBuffer(record) ? record : undefined, isLeased: isLeased === true };
}

function checkPostgres(dataSource: unknown): asserts dataSource is DataSource {
  const options = (dataSource as Partial<DataSource> | undefined)?.options;
  const fix = 'Give a data source of TypeORM of type "postgres", or a function that returns it.';
  if (options === undefined) throw new EntraOptionsError('dataSource', kindOf(dataSource), fix);
  if (options.type !== 'postgres')
    throw new EntraOptionsError('dataSource', `its type is "${options.type}"`, fix);
}
