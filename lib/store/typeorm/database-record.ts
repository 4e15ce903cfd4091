import type { Clock } from '../../common/clock.js';
import { sqlStateOf } from '../../common/sqlstate.js';
import type {
  ExclusiveOptions,
  RefreshTokenAccess,
  RefreshTokenSnapshot,
  RefreshTokenStore,
  StoredRefreshToken,
} from '../refresh-token-store.js';
import { lockTimeout, withLock } from '../store-lock.js';
import type { DatabaseConnections } from './database-connections.js';
import { guardDatabase } from './database-failure.js';
import { DatabaseLock } from './database-lock.js';
import type { DatabaseSession } from './database-session.js';
import { LockedRow } from './locked-row.js';
import type { RefreshTokenRow } from './refresh-token-row.js';

const lockNotAvailable = '55P03';

/** Where a record is, and how it is reached. */
export interface DatabaseRecordParts {
  row: RefreshTokenRow;
  /** Names the advisory lock, which all users of the database share. */
  lock: string;
  connections: DatabaseConnections;
  clock: Clock;
}

/** One row of a table as a store. */
export class DatabaseRecord implements RefreshTokenStore {
  readonly #row: RefreshTokenRow;
  readonly #lock: string;
  readonly #connections: DatabaseConnections;
  readonly #clock: Clock;

  constructor({ row, lock, connections, clock }: DatabaseRecordParts) {
    this.#row = row;
    this.#lock = lock;
    this.#connections = connections;
    this.#clock = clock;
  }

  get identity(): string {
    return this.#row.name;
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
    const unlock = await this.#connections.mutex.acquire(`row ${this.#lock}`, signal);
    let sessions: DatabaseSession[] = [];
    try {
      onObstacle(': the pool of the data source, whose size is "poolSize", had no two connections free');
      const [lockSession, session] = (sessions = await this.#connections.openTwo(signal));
      onObstacle(': another process or replica holds it');
      const left = Math.min(timeoutInMs, until - this.#clock.now());
      const lock = await DatabaseLock.acquire(lockSession, this.#lock, left, this.#clock);
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
