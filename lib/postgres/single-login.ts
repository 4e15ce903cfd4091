import type pg from 'pg';

import { destroySocket } from './client-internals.js';
import { connectTwice } from '../database/connect-twice.js';
import type { SingleLogin } from '../database/database-kind.js';
import type { EntraLogin } from './entra-login.js';

/** One login outside any pool, with the same second try that a pool makes when a token is refused. */
export class PostgresSingleLogin implements SingleLogin {
  readonly #login: EntraLogin;
  readonly #driver: typeof pg;
  #client: pg.Client | undefined;
  #closed = false;

  constructor(login: EntraLogin, driver: typeof pg) {
    this.#login = login;
    this.#driver = driver;
  }

  async query(text: string): Promise<void> {
    const client = await connectTwice(
      this.#login,
      () => this.#connect(),
      () => this.#closed,
    );
    try {
      await client.query(text);
    } finally {
      void (async () => client.end())().catch(() => undefined);
    }
  }

  close(): void {
    this.#closed = true;
    if (this.#client !== undefined) destroySocket(this.#client);
  }

  async #connect(): Promise<pg.Client> {
    const client = new this.#driver.Client(configOf(this.#login));
    this.#client = client;
    // Without a listener, a connection that breaks while it closes would end the process.
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }
}

interface ClientConfig extends pg.ClientConfig {
  sslnegotiation?: 'postgres' | 'direct';
}

function configOf({ dataSource, password }: EntraLogin): ClientConfig {
  const { host, port, username, database, ssl } = dataSource.primary;
  const { sslnegotiation } = dataSource.typeOrmOptions['extra'] as Pick<ClientConfig, 'sslnegotiation'>;
  return {
    ...(sslnegotiation === undefined ? {} : { sslnegotiation }),
    host,
    port,
    user: username,
    database,
    ssl,
    password,
  };
}
