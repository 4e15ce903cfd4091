import type { DataSource } from 'typeorm';

import type { Clock } from '../../common/clock.js';
import { KeyedMutex } from '../../common/keyed-mutex.js';
import { RefreshTokenStoreError } from '../refresh-token-store.error.js';
import type { ExclusiveOptions } from '../refresh-token-store.js';
import { acquireLock, type StoreLock } from '../store-lock.js';
import { DatabaseSession } from './database-session.js';

/** A connection on loan; `release` returns it to the pool. */
export type BorrowedSession = StoreLock & { session: DatabaseSession };

// Shared by the stores of a data source, so that a process waits with at most one pair of connections.
const mutexOf = new WeakMap<DataSource, KeyedMutex>();

/** The connections that a store takes from the pool of its data source. */
export class DatabaseConnections {
  /** Orders the stores of this process that use the same data source. */
  readonly mutex: KeyedMutex;
  readonly #dataSource: DataSource;
  readonly #clock: Clock;

  constructor(dataSource: DataSource, clock: Clock) {
    this.#dataSource = dataSource;
    this.#clock = clock;
    this.mutex = mutexOf.get(dataSource) ?? new KeyedMutex();
    mutexOf.set(dataSource, this.mutex);
  }

  /** Opens two connections under one lock: two callers with one connection each would wait for each other. */
  openTwo(signal: AbortSignal): Promise<[DatabaseSession, DatabaseSession]> {
    const open = async (): Promise<[DatabaseSession, DatabaseSession]> => {
      const first = await this.#open(signal);
      try {
        return [first, await this.#open(signal)];
      } catch (error) {
        first.close(error as Error);
        throw error;
      }
    };
    return this.mutex.withLock('connections', open, signal);
  }

  /** @throws {RefreshTokenStoreError} when no connection was free in time */
  borrow(options: ExclusiveOptions = {}): Promise<BorrowedSession> {
    return acquireLock({
      options,
      clock: this.#clock,
      name: 'a connection of the data source',
      acquire: async (signal) => {
        const session = await this.#open(signal);
        return { session, release: () => Promise.resolve(session.close()) };
      },
    });
  }

  async #open(signal: AbortSignal): Promise<DatabaseSession> {
    if (!this.#dataSource.isInitialized) {
      throw new RefreshTokenStoreError(
        'The data source of the refresh token store is not initialized.',
        'Call `dataSource.initialize()` before the store is used, and `dataSource.destroy()` afterwards.',
      );
    }
    return DatabaseSession.open(this.#dataSource, this.#clock, signal);
  }
}
