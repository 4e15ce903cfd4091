import type pg from 'pg';

import { asError } from '../common/thrown.js';
import { isEntraAuthError } from '../common/entra-auth.error.js';
import { isConnectionOutdated } from '../common/sqlstate.js';
import { delayUntil, unref, type Clock } from '../common/clock.js';
import { withDeadline } from '../common/deadline.js';
import { askWithTarget, destroySocket, onServerError } from './client-internals.js';
import { ConnectionGenerations } from './connection-generations.js';
import { ConnectionLifetime } from './connection-lifetime.js';
import type { EntraLogin } from './entra-login.js';
import { IdleConnections } from './idle-connections.js';

type PgModule = typeof pg;
type ClientCallback = (error: Error) => void;
type EndCallback = (error?: Error) => void;
type ConnectCallback = (
  error: Error | undefined,
  client?: pg.PoolClient,
  release?: (problem?: Error | boolean) => void,
) => void;

// A server that is gone never answers a goodbye, and a pool gives the place to nobody before the connection has ended.
const goodbyeInMs = 1_000;

// A transaction that asked to be read-only gets the same error as one that came to a standby.
const leastBetweenEvictionsInMs = 5_000;

/** The pool puts its own error, "terminated due to connection timeout", around the one that says what to do. */
function explained(error: Error): Error {
  return !isEntraAuthError(error) && isEntraAuthError(error.cause) ? error.cause : error;
}

/** pg as it logs in to one data source. */
export interface LoginDriver {
  login: EntraLogin;
  driver: PgModule;
  idle: IdleConnections;
}

/**
 * pg with a client that explains refused logins and a pool that logs in again, once, when a refused token could be
 * replaced, and that lets connections grow only so old. Given to TypeORM as its `driver`, so that `pg-native` is never
 * picked up and every pool is this one.
 */
export function createEntraDriver(
  driver: PgModule,
  login: EntraLogin,
  clock: Clock,
  idle = new IdleConnections(),
): PgModule {
  class EntraClient extends driver.Client {
    #hasBegun = false;

    override connect(): Promise<pg.Client>;
    override connect(callback: ClientCallback): void;
    override connect(callback?: ClientCallback): Promise<pg.Client> | void {
      if (callback === undefined) {
        return new Promise((resolve, reject) => {
          this.connect((error) => (error ? reject(error) : resolve(this)));
        });
      }
      if (this.#hasBegun) {
        // pg refuses to connect twice; the connection that is there is none of this call's business.
        super.connect(callback);
        return;
      }
      this.#hasBegun = true;
      askWithTarget(this);
      const attempt = login.begin(this);
      super.connect((original: Error | null) => {
        // pg calls a second time when the token comes, or fails, after the server has ended the connection.
        if (attempt.ended) return;
        const error = original ? login.translate(original, attempt) : undefined;
        login.end(attempt, error);
        // pg leaves the socket open when the password function fails; the server would keep its slot for a minute.
        if (error !== undefined) this.end(() => undefined);
        // pg says "no error" with null, and its types do not.
        callback((error ?? null) as Error);
      });
    }

    /** Says goodbye, and does not wait long for an answer. */
    override end(): Promise<void>;
    override end(callback: EndCallback): void;
    override end(callback?: EndCallback): Promise<void> | void {
      if (callback === undefined) {
        return new Promise((resolve, reject) => {
          this.end((error) => (error ? reject(error) : resolve()));
        });
      }
      const timer = clock.setTimeout(() => destroySocket(this), goodbyeInMs);
      unref(timer);
      super.end((error?: Error) => {
        clock.clearTimeout(timer);
        callback(error);
      });
    }
  }

  class EntraPool extends driver.Pool {
    readonly #generations: ConnectionGenerations;
    /** Connections that have not been given back yet, not even by one for whom they came too late. */
    readonly #unused = new WeakSet<object>();
    #lastEvictionAt = -Infinity;

    constructor(config?: pg.PoolConfig) {
      const generations = new ConnectionGenerations();
      /** A login that is under way when connections are retired leads where they lead. */
      class PooledClient extends EntraClient {
        constructor(clientConfig?: pg.ClientConfig) {
          super(clientConfig);
          generations.add(this);
        }
      }
      super({ ...config, Client: PooledClient });
      this.#generations = generations;
      idle.watch(this);
      if (login.dataSource.maxConnectionLifetimeInMs !== undefined) {
        this.#limitLifetime(login.dataSource.maxConnectionLifetimeInMs);
      }
      this.on('release', (_problem, client) => this.#unused.delete(client));
      this.on('connect', (client) => {
        // A session can end between the login and the first listener of its user, or while that has none. The client
        // tells whoever uses it next; without a listener here, Node would end the process.
        client.on('error', () => undefined);
        this.#unused.add(client);
        onServerError(client, (error) => {
          // One failover makes many connections fail; those that were opened since are not to blame.
          if (!this.#generations.isRetired(client)) this.#evictAfter(error);
        });
      });
    }

    evictConnections(): void {
      this.#generations.retireAll();
      // Idle ones get no work any more; taking them out of the pool closes them.
      for (let idle = this.idleCount; idle > 0; idle--) {
        super.connect((_error, client, release) => {
          if (client !== undefined) release(this.#generations.isRetired(client));
        });
      }
    }

    /** Retires every connection, not too often, when an error shows that they lead to the wrong server. */
    #evictAfter(error: unknown): void {
      if (!isConnectionOutdated(error)) return;
      const now = login.now();
      const passed = now - this.#lastEvictionAt;
      if (passed >= 0 && passed < leastBetweenEvictionsInMs) return;
      this.#lastEvictionAt = now;
      this.evictConnections();
    }

    #limitLifetime(maxInMs: number): void {
      const lifetime = new ConnectionLifetime(clock, maxInMs);
      const inUse = new WeakSet<object>();
      this.on('acquire', (client) => inUse.add(client));
      this.on('release', (_problem, client) => inUse.delete(client));
      this.on('remove', (client) => lifetime.end(client));
      this.on('connect', (client) =>
        lifetime.begin(client, () => {
          this.#generations.retire(client);
          // The pool takes a closed one out when it comes to it.
          if (!inUse.has(client)) void client.end().catch(() => undefined);
        }),
      );
    }

    /** Hands out a connection that may be used, and closes it on its return if it has been retired meanwhile. */
    #lend(callback: ConnectCallback): void {
      super.connect((error, client, release) => {
        if (error || client === undefined) {
          // The server says why it takes no login before the pool has a client to listen on.
          this.#evictAfter(error);
          callback(error, client, release);
        } else if (this.#generations.isRetired(client) && !this.#unused.has(client)) {
          release(true);
          this.#lend(callback);
        } else {
          // Who waited for a login while connections were retired had it already, as those who were using theirs.
          const giveBack = (problem?: Error | boolean): void =>
            release(problem || this.#generations.isRetired(client));
          client.release = giveBack;
          callback(undefined, client, giveBack);
        }
      });
    }

    /** The second try of a login that was refused, if there is another token to present. */
    async #lendAgain(refusal: Error, startedAt: number): Promise<pg.PoolClient> {
      const lend = (): Promise<pg.PoolClient> =>
        new Promise((resolve, reject) => {
          this.#lend((error, client) => (client === undefined ? reject(asError(error)) : resolve(client)));
        });
      const lending = login.retryOnce(refusal, startedAt, lend);
      try {
        const deadline = startedAt + login.dataSource.connectTimeoutInMs;
        const timeoutInMs = delayUntil(deadline, login.now());
        return await withDeadline(lending, { timeoutInMs, clock, onTimeout: () => refusal });
      } catch (error) {
        // One that comes later stays in the pool for others.
        lending.then(
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
      this.#lend((refusal, client, release) => {
        if (!refusal) {
          callback(undefined, client, release);
          return;
        }
        this.#lendAgain(refusal, startedAt).then(
          (other) => callback(undefined, other, (problem) => other.release(problem)),
          (error: Error) => callback(explained(error)),
        );
      });
    }
  }

  return { ...driver, Client: EntraClient, Pool: EntraPool };
}
