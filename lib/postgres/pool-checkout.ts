import type pg from 'pg';

import { type Clock, delayUntil } from '../common/clock.js';
import { withDeadline } from '../common/deadline.js';
import { isEntraAuthError } from '../common/entra-auth.error.js';
import { asError } from '../common/thrown.js';
import { onServerError } from './client-internals.js';
import type { ConnectionRetirement } from './connection-retirement.js';
import type { EntraLogin } from './entra-login.js';

type Release = (problem?: Error | boolean) => void;
export type ConnectCallback = (error: Error | undefined, client?: pg.PoolClient, release?: Release) => void;

export interface PoolCheckoutContext {
  retirement: ConnectionRetirement;
  login: EntraLogin;
  clock: Clock;
}

/** Hands out the connections of a pool: not the retired ones, and after a second try where a login was refused. */
export class PoolCheckout {
  readonly #pool: pg.Pool;
  /** What pg's own pool does to hand out a connection. */
  readonly #connect: (callback: ConnectCallback) => void;
  readonly #retirement: ConnectionRetirement;
  readonly #login: EntraLogin;
  readonly #clock: Clock;
  /** Connections that have not been given back yet, also not by a caller that had given up. */
  readonly #unused = new WeakSet<object>();

  constructor(
    pool: pg.Pool,
    connect: (callback: ConnectCallback) => void,
    { retirement, login, clock }: PoolCheckoutContext,
  ) {
    this.#pool = pool;
    this.#connect = connect;
    this.#retirement = retirement;
    this.#login = login;
    this.#clock = clock;
    pool.on('release', (_problem, client) => this.#unused.delete(client));
    pool.on('connect', (client) => this.#watch(client));
  }

  /** Takes a connection, and logs in a second time when the server refused a token that could be replaced. */
  connect(callback: ConnectCallback): void {
    const startedAt = this.#login.now();
    this.#checkout((refusal, client, release) => {
      if (!refusal) {
        callback(undefined, client, release);
        return;
      }
      this.#retry(refusal, startedAt).then(
        (other) => callback(undefined, other, (problem) => other.release(problem)),
        (error: Error) => callback(explained(error)),
      );
    });
  }

  evictConnections(): void {
    this.#retirement.retireAll();
    // Taking idle ones out of the pool closes them.
    for (let idle = this.#pool.idleCount; idle > 0; idle--) {
      this.#connect((_error, client, release) => {
        if (client !== undefined) release?.(this.#retirement.isRetired(client));
      });
    }
  }

  #watch(client: pg.PoolClient): void {
    // A session can end before its user listens. Without a listener here, Node would end the process.
    client.on('error', () => undefined);
    this.#unused.add(client);
    onServerError(client, (error) => {
      // One failover makes many connections fail: those opened since then stay.
      if (!this.#retirement.isRetired(client)) this.#evictAfter(error);
    });
  }

  #evictAfter(error: unknown): void {
    if (this.#retirement.mustEvictAfter(error)) this.evictConnections();
  }

  /** Hands out a connection that is not retired, and closes it on its return if it is by then. */
  #checkout(callback: ConnectCallback): void {
    this.#connect((error, client, release) => {
      if (error || client === undefined) {
        // The server refuses a login before the pool has a client to listen on.
        this.#evictAfter(error);
        callback(error, client, release);
      } else if (this.#retirement.isRetired(client) && !this.#unused.has(client)) {
        release?.(true);
        this.#checkout(callback);
      } else {
        // A new connection goes to the caller that waited for it, even if it was retired meanwhile.
        const giveBack: Release = (problem) => release?.(problem || this.#retirement.isRetired(client));
        client.release = giveBack;
        callback(undefined, client, giveBack);
      }
    });
  }

  /** Makes the second try of a login that was refused, if there is another token to present. */
  async #retry(refusal: Error, startedAt: number): Promise<pg.PoolClient> {
    const checkout = (): Promise<pg.PoolClient> =>
      new Promise((resolve, reject) => {
        this.#checkout((error, client) => (client === undefined ? reject(asError(error)) : resolve(client)));
      });
    const second = this.#login.retryOnce(refusal, startedAt, checkout);
    try {
      const deadline = startedAt + this.#login.dataSource.connectTimeoutInMs;
      const timeoutInMs = delayUntil(deadline, this.#login.now());
      return await withDeadline(second, { timeoutInMs, clock: this.#clock, onTimeout: () => refusal });
    } catch (error) {
      // One that comes later stays in the pool for others.
      second.then(
        (late) => late.release(),
        () => undefined,
      );
      throw error;
    }
  }
}

/** Unwraps what the pool puts its own "terminated due to connection timeout" around. */
function explained(error: Error): Error {
  return !isEntraAuthError(error) && isEntraAuthError(error.cause) ? error.cause : error;
}
