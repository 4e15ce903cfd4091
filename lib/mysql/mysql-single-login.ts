import type { Connection, ConnectionOptions } from 'mysql2';

import type { Clock } from '../common/clock.js';
import { asError } from '../common/thrown.js';
import { connectTwice } from '../database/connect-twice.js';
import type { SingleLogin } from '../database/database-kind.js';
import { streamOf, terminate } from './mysql-connection.js';
import type { MySqlLogin, Opening } from './mysql-login.js';

type Connect = (options: ConnectionOptions) => Connection;

/** One login outside any pool, with the same second try that a pool makes when a token is refused. */
export class MySqlSingleLogin implements SingleLogin {
  readonly #login: MySqlLogin;
  readonly #createConnection: Connect;
  readonly #clock: Clock;
  #connection: Connection | undefined;
  #socket: Opening['socket'];
  #closed = false;

  constructor(login: MySqlLogin, createConnection: Connect, clock: Clock) {
    this.#login = login;
    this.#createConnection = createConnection;
    this.#clock = clock;
  }

  async query(text: string): Promise<void> {
    const connection = await connectTwice(
      this.#login,
      () => this.#connect(),
      () => this.#closed,
    );
    try {
      await settled((callback) => connection.query(text, callback));
    } finally {
      terminate(connection, this.#clock);
    }
  }

  close(): void {
    this.#closed = true;
    this.#socket?.destroy();
    if (this.#connection !== undefined) streamOf(this.#connection)?.destroy();
  }

  async #connect(): Promise<Connection> {
    const { connectionOptions, dataSource } = this.#login;
    const { host, port, username, database, ssl } = dataSource.primary;
    const server = { host, port, database, ssl: ssl as ConnectionOptions['ssl'] & object };
    const user = username === undefined ? {} : { user: username };
    const connectTimeout = dataSource.connectTimeoutInMs;
    const opening: Opening = {};
    const connection = this.#login.open(opening, () =>
      this.#createConnection({ ...server, ...user, connectTimeout, ...connectionOptions }),
    );
    this.#connection = connection;
    this.#socket = opening.socket;
    // Without a listener, a connection that breaks while it closes would end the process.
    connection.on('error', () => undefined);
    const error = await settled((callback) => connection.connect(callback)).then(
      () => null,
      (failure: unknown) => asError(failure),
    );
    const explained = this.#login.end(opening, error, connection);
    if (explained !== undefined) throw explained;
    return connection;
  }
}

function settled(start: (callback: (error: Error | null) => void) => unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error) => (error ? reject(error) : resolve()));
  });
}
