import type pg from 'pg';

import { asError } from '../errors/as-error.js';
import { isEntraAuthError } from '../errors/entra-auth.error.js';
import type { EntraLogin } from './entra-login.js';

type PgModule = typeof pg;
type ClientCallback = (error: Error) => void;
type ConnectCallback = (
  error: Error | undefined,
  client?: pg.PoolClient,
  release?: (error?: unknown) => void,
) => void;

/** The pool puts its own error, "terminated due to connection timeout", around the one that says what to do. */
function explained(error: Error): Error {
  return isEntraAuthError(error.cause) ? error.cause : error;
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
    constructor(config?: pg.PoolConfig) {
      super({ ...config, Client: EntraClient });
    }

    override connect(): Promise<pg.PoolClient>;
    override connect(callback: ConnectCallback): void;
    override connect(callback?: ConnectCallback): Promise<pg.PoolClient> | void {
      if (callback === undefined) {
        return new Promise((resolve, reject) => {
          this.connect((error, client) => (client === undefined ? reject(asError(error)) : resolve(client)));
        });
      }
      const connect = (done: ConnectCallback): void =>
        super.connect(done as Parameters<pg.Pool['connect']>[0]);
      connect((error, client, release) => {
        if (!error) {
          callback(undefined, client, release);
          return;
        }
        void login.renewAfter(error).then((renewed) => {
          if (renewed) connect(callback);
          else callback(explained(error), client, release);
        });
      });
    }
  }

  return { ...driver, Client: EntraClient, Pool: EntraPool };
}
