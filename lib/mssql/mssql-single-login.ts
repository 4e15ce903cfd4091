import type { SingleLogin } from '../database/database-kind.js';
import type { MsSqlAttempt } from './mssql-attempt.js';
import type { TediousConnection } from './mssql-driver.js';
import type { EntraMsSqlPoolClass } from './entra-mssql-pool.js';
import type { MsSqlLogin } from './mssql-login.js';

/** One login outside any pool, with the same second try that a pool makes when a token is refused. */
export class MsSqlSingleLogin implements SingleLogin {
  readonly #login: MsSqlLogin;
  readonly #Pool: EntraMsSqlPoolClass;
  readonly #run: (connection: TediousConnection, query: string) => Promise<unknown>;
  #attempt: MsSqlAttempt | undefined;
  #connection: TediousConnection | undefined;
  #closed = false;

  /**
   * @param Pool whose connections are used, without ever filling one
   * @param run sends a query over a connection
   */
  constructor(
    login: MsSqlLogin,
    Pool: EntraMsSqlPoolClass,
    run: (connection: TediousConnection, query: string) => Promise<unknown>,
  ) {
    this.#login = login;
    this.#Pool = Pool;
    this.#run = run;
  }

  async query(text: string): Promise<void> {
    const { primary, typeOrmOptions } = this.#login.dataSource;
    const pool = new this.#Pool({ server: primary.host, options: routeOf(typeOrmOptions['options']) });
    // The query fails by itself when its connection does. Without a listener the pool would end the process.
    pool.on('error', () => undefined);
    const connection = await this.#login.connect(
      (attempt) => {
        this.#attempt = attempt;
        return pool.open(attempt);
      },
      () => this.#closed,
    );
    this.#connection = connection;
    try {
      await this.#run(connection, text);
    } finally {
      connection.close();
    }
  }

  close(): void {
    this.#closed = true;
    this.#attempt?.abort(new Error('The login was given up.'));
    this.#connection?.close();
  }
}

/** Of a pool's options those that decide which replica answers, and by which way. */
function routeOf(options: unknown): Record<string, unknown> {
  const { localAddress, packetSize, readOnlyIntent } = (options ?? {}) as Record<string, unknown>;
  return { localAddress, packetSize, readOnlyIntent };
}
