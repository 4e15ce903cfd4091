import { createHash } from 'node:crypto';

import { asError } from '../../common/thrown.js';
import { unref, type Clock, type TimerHandle } from '../../common/clock.js';
import type { DatabaseSession } from './database-session.js';

// A holder that vanished without closing its connection loses the lock after this time.
const longestWithoutHeartbeatInMs = 15_000;
const heartbeatInMs = 3_000;
const slackInMs = 5_000;

/**
 * An advisory lock for the length of a transaction, so that it works through PgBouncer in the modes `session` and
 * `transaction`. A lock on the row would end with the commit of a `save`. A holder that dies loses its connection, and so
 * the lock; `idle_in_transaction_session_timeout` of the server ends a holder that was cut off.
 *
 * @see https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
 */
export class DatabaseLock {
  readonly #session: DatabaseSession;
  readonly #clock: Clock;
  #timer: TimerHandle;
  #beating: Promise<unknown> = Promise.resolve();
  #released = false;

  /** @throws pg's error 55P03 when the time is up */
  static async acquire(
    session: DatabaseSession,
    name: string,
    timeoutInMs: number,
    clock: Clock,
  ): Promise<DatabaseLock> {
    await session.query('BEGIN');
    const settings = Object.entries({
      // Zero would wait without end.
      lock_timeout: Math.max(1, Math.ceil(timeoutInMs)),
      statement_timeout: 0,
      idle_in_transaction_session_timeout: longestWithoutHeartbeatInMs,
    });
    for (const [setting, value] of settings) {
      await session.query('SELECT set_config($1, $2, true)', [setting, String(value)]);
    }
    await session.query('SELECT pg_advisory_xact_lock($1)', [lockKey(name)], timeoutInMs + slackInMs);
    return new DatabaseLock(session, clock);
  }

  private constructor(session: DatabaseSession, clock: Clock) {
    this.#session = session;
    this.#clock = clock;
    this.#planHeartbeat();
  }

  get isLost(): boolean {
    return this.#session.isLost;
  }

  /** Never rejects: a connection that cannot be committed is closed, and the server releases the lock. */
  async release(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    this.#clock.clearTimeout(this.#timer);
    await this.#beating;
    await this.#session.query('COMMIT').then(
      () => this.#session.close(),
      (error: unknown) => this.#session.close(asError(error)),
    );
  }

  #planHeartbeat(): void {
    this.#timer = this.#clock.setTimeout(() => {
      // A failure shows in `isLost`.
      this.#beating = this.#session.query('SELECT 1').then(
        () => (this.#released ? undefined : this.#planHeartbeat()),
        () => undefined,
      );
    }, heartbeatInMs);
    unref(this.#timer);
  }
}

/** Advisory locks are numbers that all users of a database share: 64 bits of a digest avoid collisions. */
function lockKey(name: string): string {
  const digest = createHash('sha256').update(`nestjs-entra-auth/refresh-token/${name}`).digest();
  return digest.readBigInt64BE(0).toString();
}
