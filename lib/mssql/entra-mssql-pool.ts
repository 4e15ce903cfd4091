import type { MsSqlAttempt } from './mssql-attempt.js';
import type { ConnectionConfig, MsSqlPoolClass, PoolConfig, TediousConnection } from './mssql-driver.js';
import type { MsSqlIdleConnections } from './mssql-idle-connections.js';
import type { MsSqlLogin } from './mssql-login.js';

/** A pool of `mssql`, which also opens connections outside of itself. */
export type EntraMsSqlPoolClass = new (
  config: PoolConfig,
) => InstanceType<MsSqlPoolClass> & { open(attempt: MsSqlAttempt): Promise<TediousConnection> };

/** Makes the pool of `mssql` log in with the token that is held at each new connection. */
export function entraMsSqlPool(
  Base: MsSqlPoolClass,
  login: MsSqlLogin,
  idle: MsSqlIdleConnections,
): EntraMsSqlPoolClass {
  return class EntraMsSqlPool extends Base {
    /** While a connection is being made, which takes its options at once. */
    #attempt: MsSqlAttempt | undefined;

    constructor(config: PoolConfig) {
      // TypeORM takes its handler from this option, which the pool underneath refuses.
      const { errorHandler: _, ...pool } = config.pool ?? {};
      super({ ...config, pool, beforeConnect: (connection) => this.#attempt?.bind(connection) });
    }

    open(attempt: MsSqlAttempt): Promise<TediousConnection> {
      this.#attempt = attempt;
      try {
        return super._poolCreate();
      } finally {
        this.#attempt = undefined;
      }
    }

    override _poolCreate(): Promise<TediousConnection> {
      return login.connect((attempt) => this.open(attempt));
    }

    override _config(): ConnectionConfig {
      if (this.#attempt === undefined) throw new Error('mssql makes a connection past its pool.');
      return login.configOf(super._config(), this.#attempt);
    }

    override release(connection: TediousConnection): unknown {
      idle.add(connection);
      return super.release(connection);
    }

    override async _poolValidate(connection: TediousConnection): Promise<boolean> {
      // A connection of tedious takes one request at a time.
      await idle.take(connection);
      return super._poolValidate(connection);
    }

    override _poolDestroy(connection: TediousConnection): Promise<void> {
      void idle.take(connection);
      return super._poolDestroy(connection);
    }
  };
}
