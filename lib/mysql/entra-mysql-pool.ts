import type { Pool, PoolConnection } from 'mysql2';

import { type Clock, delayUntil } from '../common/clock.js';
import { withDeadline } from '../common/deadline.js';
import { asError } from '../common/thrown.js';
import type { MySqlIdleConnections } from './mysql-idle-connections.js';
import type { MySqlLogin, Opening } from './mysql-login.js';

type GetCallback = (error: NodeJS.ErrnoException | null, connection: PoolConnection) => void;

/** Lets a pool of mysql2 log in again, once, when a refused token could be replaced, and explain failed logins. */
export class EntraMySqlPool {
  readonly #login: MySqlLogin;
  readonly #clock: Clock;
  readonly #getConnection: Pool['getConnection'];
  /** By the callbacks of this class: the pool passes those that had to wait to `getConnection` again. */
  readonly #openings = new WeakMap<GetCallback, Opening>();

  private constructor(pool: Pool, login: MySqlLogin, clock: Clock) {
    this.#login = login;
    this.#clock = clock;
    this.#getConnection = pool.getConnection.bind(pool);
  }

  /** Changes a pool that was just made. */
  static equip(
    pool: Pool,
    { login, clock, idle }: { login: MySqlLogin; clock: Clock; idle: MySqlIdleConnections },
  ): Pool {
    const entraPool = new EntraMySqlPool(pool, login, clock);
    idle.watch(pool);
    pool.getConnection = (callback) => entraPool.#connect(callback);
    return pool;
  }

  #connect(callback: GetCallback): void {
    const opening = this.#openings.get(callback);
    if (opening !== undefined) {
      this.#open(opening, callback);
      return;
    }
    const startedAt = this.#login.now();
    this.#checkout((refusal, connection) => {
      if (refusal === null) callback(null, connection);
      else this.#retry(refusal, startedAt, callback);
    });
  }

  #checkout(callback: GetCallback): void {
    const opening: Opening = {};
    const settle: GetCallback = (error, connection) =>
      callback(this.#login.end(opening, error, connection) ?? null, connection);
    this.#openings.set(settle, opening);
    this.#open(opening, settle);
  }

  #open(opening: Opening, settle: GetCallback): void {
    this.#login.open(opening, () => this.#getConnection(settle));
  }

  /** Makes the second try of a login that was refused, if there is another token to present. */
  #retry(refusal: Error, startedAt: number, callback: GetCallback): void {
    const again = (): Promise<PoolConnection> =>
      new Promise((resolve, reject) => {
        this.#checkout((error, connection) => (error === null ? resolve(connection) : reject(error)));
      });
    const second = this.#login.retryOnce(refusal, startedAt, again);
    const timeoutInMs = delayUntil(startedAt + this.#login.dataSource.connectTimeoutInMs, this.#login.now());
    withDeadline(second, { timeoutInMs, clock: this.#clock, onTimeout: () => refusal }).then(
      (connection) => callback(null, connection),
      (error: unknown) => {
        // One that comes later stays in the pool for others.
        second.then(
          (late) => late.release(),
          () => undefined,
        );
        callback(asError(error), undefined as unknown as PoolConnection);
      },
    );
  }
}
