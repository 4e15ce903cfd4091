import type pg from 'pg';

import type { Clock } from '../common/clock.js';
import { asError } from '../common/thrown.js';
import { ConnectionRetirement } from './connection-retirement.js';
import type { EntraLogin } from './entra-login.js';
import type { IdleConnections } from './idle-connections.js';
import { type ConnectCallback, PoolCheckout } from './pool-checkout.js';

type PgModule = typeof pg;

export interface EntraPoolContext {
  Client: PgModule['Client'];
  login: EntraLogin;
  clock: Clock;
  idle: IdleConnections;
}

/**
 * pg's pool, which logs in again, once, when a refused token could be replaced, and retires connections that are too old
 * or lead to the wrong server.
 */
export function entraPoolOf(driver: PgModule, context: EntraPoolContext): PgModule['Pool'] {
  const { Client, login, clock, idle } = context;
  return class EntraPool extends driver.Pool {
    readonly #checkout: PoolCheckout;

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
      idle.watch(this);
      const { maxConnectionLifetimeInMs } = login.dataSource;
      if (maxConnectionLifetimeInMs !== undefined) retirement.limitLifetime(this, maxConnectionLifetimeInMs);
      const connect = (callback: ConnectCallback): void => super.connect(callback);
      this.#checkout = new PoolCheckout(this, connect, { retirement, login, clock });
    }

    evictConnections(): void {
      this.#checkout.evictConnections();
    }

    override connect(): Promise<pg.PoolClient>;
    override connect(callback: ConnectCallback): void;
    override connect(callback?: ConnectCallback): Promise<pg.PoolClient> | void {
      if (callback !== undefined) return this.#checkout.connect(callback);
      return new Promise((resolve, reject) => {
        this.connect((error, client) => (client === undefined ? reject(asError(error)) : resolve(client)));
      });
    }
  };
}
