import type pg from 'pg';

import { type Clock, delayUntil } from '../common/clock.js';
import { withDeadline } from '../common/deadline.js';
import { isEntraAuthError } from '../common/entra-auth.error.js';
import { asError } from '../common/thrown.js';
import { onServerError } from './client-internals.js';
import { ConnectionRetirement } from './connection-retirement.js';
import type { EntraLogin } from './entra-login.js';
import type { IdleConnections } from './idle-connections.js';

type PgModule = typeof pg;
type Release = (problem?: Error | boolean) => void;
type ConnectCallback = (error: Error | undefined, client?: pg.PoolClient, release?: Release) => void;

/** Unwraps what the pool puts its own "terminated due to connection timeout" around. */
function explained(error: Error): Error {
  return !isEntraAuthError(error) && isEntraAuthError(error.cause) ? error.cause : error;
}

/**
 * pg's pool, which logs in again, once, when a refused token could be replaced, and retires connections that are too old
 * or lead to the wrong server.
 */
export function entraPoolOf(
  driver: PgModule,
  {
    Client,
    login,
    clock,
    idle,
  }: {
    Client: PgModule['Client'];
    login: EntraLogin;
    clock: Clock;
    idle: IdleConnections;
  },
): PgModule['Pool'] {
  return class EntraPool extends driver.Pool {
    readonly #retirement: ConnectionRetirement;
    /** Connections that have not been given back yet, also not by a caller that had given up. */
    readonly #unused = new WeakSet<object>();

    constructor(config?: pg.PoolConfig) {
      const retirement = new ConnectionRetirement(clock);
      /** A login that is under way when connections are retired leads where they lead. */
      class PooledClient extends Client {
        constructor(clientConfig?: pg.ClientConfig) {
          super(clientConfig);
          retirement.add(this);
        }
      }
      super({ ...config, Client: PooledClient });
      this.#retirement = retirement;
      idle.watch(this);
      const { maxConnectionLifetimeInMs } = login.dataSource;
      if (maxConnectionLifetimeInMs !== undefined) retirement.limitLifetime(this, maxConnectionLifetimeInMs);
      this.on('release', (_problem, client) => this.#unused.delete(client));
      this.on('connect', (client) => {
        // A session can end before its user listens. Without a listener here, Node would end the process.
        client.on('error', () => undefined);
        this.#unused.add(client);
        onServerError(client, (error) => {
          // One failover makes many connections fail: those opened since then stay.
          if (!retirement.isRetired(client)) this.#evictAfter(error);
        });
      });
    }

    evictConnections(): void {
      this.#retirement.retireAll();
      // Taking idle ones out of the pool closes them.
      for (let idle = this.idleCount; idle > 0; idle--) {
        super.connect((_error, client, release) => {
          if (client !== undefined) release(this.#retirement.isRetired(client));
        });
      }
    }

    #evictAfter(error: unknown): void {
      if (this.#retirement.mustEvictAfter(error)) this.evictConnections();
    }

    /** Hands out a connection that is not retired, and closes it on its return if it is by then. */
    #checkout(callback: ConnectCallback): void {
      super.connect((error, client, release) => {
        if (error || client === undefined) {
          // The server refuses a login before the pool has a client to listen on.
          this.#evictAfter(error);
          callback(error, client, release);
        } else if (this.#retirement.isRetired(client) && !this.#unused.has(client)) {
          release(true);
          this.#checkout(callback);
        } else {
          // A new connection goes to the caller that waited for it, even if it was retired meanwhile.
          const giveBack: Release = (problem) => release(problem || this.#retirement.isRetired(client));
          client.release = giveBack;
          callback(undefined, client, giveBack);
        }
      });
    }

    /** Makes the second try of a login that was refused, if there is another token to present. */
    async #retry(refusal: Error, startedAt: number): Promise<pg.PoolClient> {
      const checkout = (): Promise<pg.PoolClient> =>
        new Promise((resolve, reject) => {
          this.#checkout((error, client) =>
            client === undefined ? reject(asError(error)) : resolve(client),
          );
        });
      const second = login.retryOnce(refusal, startedAt, checkout);
      try {
        const deadline = startedAt + login.dataSource.connectTimeoutInMs;
        const timeoutInMs = delayUntil(deadline, login.now());
        return await withDeadline(second, { timeoutInMs, clock, onTimeout: () => refusal });
      } catch (error) {
        // One that comes later stays in the pool for others.
        second.then(
          (late) => late.release(),
          () => undefined,
        );
        throw error;
      }
    }

    override connect(): Promise<pg.PoolClient>;
    override connect(callback: ConnectCallback): void;
    override connect(callback?: ConnectCallback): Promise<pg.PoolClient> | void {
      if (callback === undefined) {
        return new Promise((resolve, reject) => {
          this.connect((error, client) => (client === undefined ? reject(asError(error)) : resolve(client)));
        });
      }
      const startedAt = login.now();
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
  };
}
