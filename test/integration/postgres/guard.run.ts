import { isEntraAuthError, type EntraAuthModuleOptions } from 'nestjs-entra-auth';
import type pg from 'pg';
import { DataSource, type DataSourceOptions } from 'typeorm';

import { createDataSourceFactory, databaseAudience } from '../../support/local-database.js';
import { jwt } from '../../support/tokens.js';
import type { GuardRow, Tamper } from './guard.rows.js';
import { serverNames, withEnvironment, type GuardSetup } from './guard.setup.js';

/** What became of a row, as far as the client knows. */
export interface GuardResult {
  token: string;
  /** When it ended: before anything was connected, or by the login. */
  phase: 'start-up' | 'login';
  error: unknown;
  /** The TLS options that the driver was given. */
  ssl: unknown;
}

type DriverOptions = Record<'host' | 'port' | 'username' | 'database' | 'ssl' | 'password', unknown>;
interface MadeOptions extends DriverOptions {
  driver: typeof pg;
  extra: object;
  replication?: { slaves: DriverOptions[] };
}

let tokens = 0;

/** Sets a data source up by the row, and logs in. */
export async function runRow(row: GuardRow, setup: GuardSetup): Promise<GuardResult> {
  for (const name of serverNames) setup.servers[name].forget();
  const expiresAt = Date.now() + 3_600_000;
  const token = jwt({ aud: databaseAudience, exp: expiresAt / 1000, oid: 'oid', jti: `row-${tokens++}` });
  const credential = { getToken: () => Promise.resolve({ token, expiresOnTimestamp: expiresAt }) };
  const dataSource = row.options(setup, setup.port(row.server));
  return withEnvironment(row.environment ?? {}, async () => {
    let made: MadeOptions;
    try {
      const { factory } = createDataSourceFactory({ credential, dataSource } as EntraAuthModuleOptions);
      made = (await factory.createTypeOrmOptions()) as unknown as MadeOptions;
    } catch (error) {
      return { token, phase: 'start-up', error, ssl: undefined };
    }
    const endpoint = made.replication?.slaves[0] ?? made;
    const login = row.tamper ? logInTampered(made, endpoint, row.tamper, setup) : logIn(made);
    return { token, phase: 'login', error: await login.catch((error: unknown) => error), ssl: endpoint.ssl };
  });
}

async function logIn(made: MadeOptions): Promise<void> {
  await new DataSource(made as unknown as DataSourceOptions).initialize();
}

/** A pool as TypeORM makes it, and what it makes, with something changed. */
async function logInTampered(
  { driver, extra }: MadeOptions,
  { username, ...endpoint }: DriverOptions,
  tamper: Tamper,
  setup: GuardSetup,
): Promise<void> {
  const config = { ...endpoint, user: username, connectionTimeoutMillis: 5_000, ...extra };
  const pool = new driver.Pool(config as pg.PoolConfig);
  if ('pool' in tamper) {
    tamper.pool(pool);
    await pool.connect().finally(() => pool.end());
  } else {
    const client = new driver.Client(pool.options);
    tamper.client(client, setup);
    await client.connect();
  }
}

/** What the driver was told to verify. */
export function tlsInWords(ssl: unknown): string {
  if (ssl === false) return 'no TLS';
  const { rejectUnauthorized, checkServerIdentity } = ssl as {
    rejectUnauthorized: boolean;
    checkServerIdentity?: { name: string };
  };
  if (!rejectUnauthorized) return 'unverified TLS';
  if (checkServerIdentity === undefined) return 'verified TLS';
  return checkServerIdentity.name === 'anyHostName'
    ? 'TLS, certificate verified, host name not'
    : 'unverified TLS';
}

/** One line of the document: what the client was told, and where the token was. */
export function cellsOf(row: GuardRow, result: GuardResult, setup: GuardSetup): string[] {
  const { error, phase, token } = result;
  const { onTheWire, readable } = setup.servers[row.server].saw(token);
  const seen = onTheWire ? 'in clear' : readable ? 'through TLS' : 'no';
  const { code, option, fix } = (isEntraAuthError(error) ? error : {}) as Record<string, string | undefined>;
  const outcome = readable ? `sent: ${tlsInWords(result.ssl)}` : `refused at ${phase}: \`${code}\``;
  return [row.given, row.server, outcome, option === undefined ? '' : `\`${option}\``, fix ?? '', seen];
}
