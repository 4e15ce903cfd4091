import type { EntraRole } from '../login/entra-roles.js';
import { principalFunctions, principalOfRole, type DatabasePrincipal } from './entra-principals.sql.js';
import { quoteIdentifier, roleCreation } from './role.sql.js';

/** Settings for a `pg` client that connects as superuser, past the gateway and without a token. */
export interface AdminClientConfig {
  /** Directory of the server's unix socket. */
  host: string;
  port: number;
  user: string;
  database: string;
  ssl: false;
}

/** The superuser's name on Azure, too; no client can log in with it. */
export const SUPERUSER = 'azuresu';

/** The database's superuser, at the socket behind the gateway. */
export class AdminClient {
  readonly config: AdminClientConfig;

  constructor(socketDirectory: string, database: string) {
    this.config = { host: socketDirectory, port: 5432, user: SUPERUSER, database, ssl: false };
  }

  /** Runs SQL on a connection of its own. */
  async query<Row extends object>(sql: string, values?: unknown[]): Promise<Row[]> {
    return run<Row>(this.config, sql, values);
  }

  async createDatabase(): Promise<void> {
    const { database } = this.config;
    if (database === 'postgres') return;
    await run({ ...this.config, database: 'postgres' }, `CREATE DATABASE ${quoteIdentifier(database)}`);
  }

  /** Makes the functions that Azure has for roles of Entra, in the database `postgres`. */
  async createPrincipalFunctions(directory: readonly DatabasePrincipal[]): Promise<void> {
    await run({ ...this.config, database: 'postgres' }, principalFunctions(directory));
  }

  /** The object ID that such a function has made the role for. */
  async principalOf(role: string): Promise<string | undefined> {
    const rows = await run<{ objectid: string }>({ ...this.config, database: 'postgres' }, principalOfRole, [
      role,
    ]);
    return rows[0]?.objectid;
  }

  async createRole(role: EntraRole): Promise<void> {
    await this.query(roleCreation(role, this.config.database));
  }
}

async function run<Row extends object>(
  config: AdminClientConfig,
  sql: string,
  values?: unknown[],
): Promise<Row[]> {
  // Loaded here: an application that tests only tokens need not install "pg".
  const { default: pg } = await import('pg');
  const client = new pg.Client(config);
  // A server that stops while the connection is open is the query's error, if any; without a listener it would throw.
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<Row & Record<string, unknown>>(sql, values);
    return rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}
