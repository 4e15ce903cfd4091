import { connect, type Socket } from 'node:net';

import type { ConnectionOptions } from 'mysql2';

import type { Timestamp } from '../common/clock.js';
import { DatabaseLoginRefusedError } from '../database/database.error.js';
import type { LoginContext } from '../database/database-kind.js';
import { DatabaseLogins } from '../database/database-logins.js';
import type { AccessToken } from '../entra/token-credential.js';
import { clearPasswordPlugin } from './clear-password.plugin.js';
import { checkTarget } from './connection-guard.js';
import { explainMySqlError } from './explain-mysql-error.js';
import { type MySqlConnection, streamOf } from './mysql-connection.js';
import type { ResolvedMySqlDataSource } from './resolve-mysql-data-source.js';

/** What a call opened that may have opened a connection; a pool can also hand out an idle one. */
export interface Opening {
  socket?: Socket;
  startedAt?: Timestamp;
}

/** Finds idle connections that lead nowhere any more; Azure's load balancers forget them after four minutes. */
const keepAliveDelayInMs = 30_000;

/** Presents access tokens to the server of one data source, through mysql2. */
export class MySqlLogin {
  readonly dataSource: ResolvedMySqlDataSource;
  readonly #logins: DatabaseLogins;
  /** The tokens that were presented, by the connection, and by the error that it ended with. */
  readonly #presented = new WeakMap<object, AccessToken>();
  #opening: Opening | undefined;

  constructor(dataSource: ResolvedMySqlDataSource, context: LoginContext) {
    this.dataSource = dataSource;
    this.#logins = new DatabaseLogins(dataSource, context);
  }

  now(): Timestamp {
    return this.#logins.clock.now();
  }

  /** What mysql2 is given for each connection, in addition to the server. */
  readonly connectionOptions = {
    stream: () => this.#openSocket(),
    authPlugins: clearPasswordPlugin(
      (connection: MySqlConnection) => this.#tokenFor(connection),
      (connection) => checkTarget(connection, { name: this.dataSource.name, ...this.#target() }),
    ),
  } satisfies ConnectionOptions;

  /** Runs what may open a connection at once, and notes that in `opening`. */
  open<T>(opening: Opening, run: () => T): T {
    this.#opening = opening;
    try {
      return run();
    } finally {
      this.#opening = undefined;
    }
  }

  /**
   * Reports a login and remembers its outcome. Closes the socket of one that failed: mysql2 only ends its side.
   *
   * @returns the error with its reason and its remedy
   */
  end(
    { startedAt, socket }: Opening,
    error: Error | null,
    connection: object | undefined,
  ): Error | undefined {
    if (startedAt === undefined) return error ?? undefined;
    const token = this.#presented.get(error ?? connection ?? {});
    if (error !== null) socket?.destroy();
    const explained =
      error === null ? undefined : explainMySqlError(error, token, this.dataSource, this.now());
    const mayBeToken = explained instanceof DatabaseLoginRefusedError && explained.sqlState !== undefined;
    this.#logins.end({ target: this.#target(), startedAt, token }, explained, mayBeToken);
    return explained;
  }

  /**
   * Connects once more with another token, if that may help.
   *
   * @throws the refusal itself when a second try cannot help, else what the second try throws
   */
  retryOnce<T>(refusal: Error, startedAt: Timestamp, again: () => Promise<T>): Promise<T> {
    return this.#logins.retryOnce(refusal, startedAt, again);
  }

  #target(): { host: string; port: number; user: string } {
    const { host, port, username = 'unknown' } = this.dataSource.primary;
    return { host, port, user: username };
  }

  #openSocket(): Socket {
    const { host, port } = this.dataSource.primary;
    const { enableKeepAlive, keepAliveInitialDelay } = (this.dataSource.typeOrmOptions['extra'] ??
      {}) as ConnectionOptions;
    const socket = connect({
      host,
      port,
      noDelay: true,
      keepAlive: enableKeepAlive !== false,
      keepAliveInitialDelay: keepAliveInitialDelay ?? keepAliveDelayInMs,
    });
    if (this.#opening !== undefined) Object.assign(this.#opening, { socket, startedAt: this.now() });
    return socket;
  }

  async #tokenFor(connection: MySqlConnection): Promise<string> {
    const startedAt = this.now();
    const token = await this.#logins.choose(this.#target());
    if (streamOf(connection)?.destroyed) throw this.#logins.over(startedAt);
    this.#presented.set(connection, token);
    // Before the listeners of mysql2, which report the error.
    connection.prependOnceListener('error', (error: Error) => this.#presented.set(error, token));
    return token.token;
  }
}
