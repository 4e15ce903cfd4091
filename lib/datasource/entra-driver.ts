import { EventEmitter } from 'node:events';

import type pg from 'pg';

import { asError } from '../errors/as-error.js';
import { isEntraAuthError } from '../errors/entra-auth.error.js';
import { isConnectionOutdated } from '../errors/sqlstate.js';
import { ConnectionGenerations } from './connection-generations.js';
import type { EntraLogin } from './entra-login.js';

type PgModule = typeof pg;
type ClientCallback = (error: Error) => void;
type ConnectCallback = (
  error: Error | undefined,
  client?: pg.PoolClient,
  release?: (problem?: Error | boolean) => void,
) => void;

/** The pool puts its own error, "terminated due to connection timeout", around the one that says what to do. */
function explained(error: Error): Error {
  return !isEntraAuthError(error) && isEntraAuthError(error.cause) ? error.cause : error;
}

/** Calls back on every error that the server reports on a connection, whatever it was asked. */
function onServerError(client: pg.PoolClient, callback: (error: unknown) => void): void {
  const connection: unknown = Reflect.get(client, 'connection');
  if (connection instanceof EventEmitter) connection.on('errorMessage', callback);
}

/**
 * pg with a client that explains refused logins and a pool that logs in again, once, when a refused token could be
 * replaced. Given to TypeORM as its `driver`, so that `pg-native` is never picked up and every pool is this one.
 */
export function createEntraDriver(driver: PgModule, login: EntraLogin): PgModule {
  class EntraClient extends driver.Client {
    override connect(): Promise<pg.Client>;
    override connect(callback: ClientCallback): void;
    override connect(callback?: ClientCallback): Promise<pg.Client> | void {
      if (callback === undefined) {
        return new Promise((resolve, reject) => {
          this.connect((error) => (error ? reject(error) : resolve(this)));
        });
      }
      const startedAt = login.now();
      super.connect((original: Error | null) => {
        const error = original ? login.translate(original, this) : undefined;
        login.report(this, startedAt, error);
        login.release(this, error);
        // pg leaves the socket open when the password function fails; the server would keep its slot for a minute.
        if (error !== undefined) this.end(() => undefined);
        // pg says "no error" with null, and its types do not.
        callback((error ?? null) as Error);
      });
    }
  }

  class EntraPool extends driver.Pool {
    readonly #generations = new ConnectionGenerations();

    constructor(config?: pg.PoolConfig) {
      super({ ...config, Client: EntraClient });
      this.on('connect', (client) => {
        this.#generations.add(client);
        onServerError(client, (error) => {
          // One failover makes many connections fail; those that were opened since are not to blame.
          if (isConnectionOutdated(error) && !this.#generations.isRetired(client)) this.evictConnections();
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

    /** Hands out a connection that may be used, and closes it on its return if it has been retired meanwhile. */
    #lend(callback: ConnectCallback): void {
      super.connect((error, client, release) => {
        if (error || client === undefined) {
          callback(error, client, release);
        } else if (this.#generations.isRetired(client)) {
          release(true);
          this.#lend(callback);
        } else {
          const giveBack = (problem?: Error | boolean): void =>
            release(problem ?? this.#generations.isRetired(client));
          client.release = giveBack;
          callback(undefined, client, giveBack);
        }
      });
    }

    override connect(): Promise<pg.PoolClient>;
    override connect(callback: ConnectCallback): void;
    override connect(callback?: ConnectCallback): Promise<pg.PoolClient> | void {
      if (callback === undefined) {
        return new Promise((resolve, reject) => {
          this.connect((error, client) => (client === undefined ? reject(asError(error)) : resolve(client)));
        });
      }
      const finish: ConnectCallback = (error, client, release) =>
        callback(error && explained(error), client, release);
      this.#lend((error, client, release) => {
        if (!error) {
          finish(undefined, client, release);
          return;
        }
        void login.renewAfter(error).then((renewed) => {
          if (renewed) this.#lend(finish);
          else finish(error, client, release);
        });
      });
    }
  }

  return { ...driver, Client: EntraClient, Pool: EntraPool };
}
