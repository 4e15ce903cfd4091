import type { EntraAuthModuleOptions, EntraMsSqlDataSourceOptions } from 'nestjs-entra-auth';
import type { LocalEntra } from 'nestjs-entra-auth/testing';
import { DataSource, type DataSourceOptions } from 'typeorm';

import { CertificateAuthority } from '../../../lib/testing/certificates/certificate-authority.js';
import { createDataSourceFactory, HandMadeCredential } from '../local-database.js';
import { LocalSqlServer, type LocalSqlServerOptions } from './local-sql-server.js';
import { refusals } from './sql-refusal.js';

export const sqlAudience = 'https://database.windows.net/';

/** Servers of TDS that let users in as Azure SQL does: by the object id in a token that is valid now. */
export class MsSqlSetup {
  readonly authority = new CertificateAuthority();
  /** Tokens that are refused although they are valid. */
  readonly revoked = new Set<string>();
  /** How far the clock of the servers is ahead. */
  aheadInMs = 0;
  /** Is called with each token, and may throw a refusal of it. */
  onToken: ((token: string) => void) | undefined;
  /** The object ids of users; others do not exist. */
  readonly users: Set<string>;

  constructor(
    readonly entra: LocalEntra,
    private readonly now: () => number = Date.now,
  ) {
    this.users = new Set([entra.client.objectId]);
  }

  /** Starts a server. */
  server(options: Partial<LocalSqlServerOptions> = {}): Promise<LocalSqlServer> {
    return LocalSqlServer.start({
      authority: this.authority,
      checkToken: (token) => this.#check(token),
      transport: 'inside',
      ...options,
    });
  }

  /** In the order of Azure SQL: whose token it is, whether it has ended, whether its owner has a user. */
  #check(token: string): void {
    this.onToken?.(token);
    const claims = claimsOf(token);
    if (claims.aud.replace(/\/$/, '') !== sqlAudience.replace(/\/$/, '')) throw refusals.token();
    if (claims.exp * 1000 <= this.now() + this.aheadInMs) throw refusals.expired();
    const { oid } = this.#verified(token, claims.aud);
    if (typeof oid !== 'string' || !this.users.has(oid) || this.revoked.has(token))
      throw refusals.principal();
  }

  #verified(token: string, audience: string): { oid?: unknown } {
    try {
      return this.entra.verifyToken(token, { audience });
    } catch {
      throw refusals.token();
    }
  }

  /** The options of a data source that leads to a server. */
  dataSource({ host, port }: LocalSqlServer): EntraMsSqlDataSourceOptions {
    const options = { cryptoCredentialsDetails: { ca: this.authority.certificate } };
    return { type: 'mssql', host, port, database: 'notes', options };
  }

  credential(wanted: ConstructorParameters<typeof HandMadeCredential>[1] = {}): HandMadeCredential {
    return new HandMadeCredential(this.entra, { audience: sqlAudience, ...wanted }, this.now);
  }

  create(
    server: LocalSqlServer,
    given: Partial<EntraMsSqlDataSourceOptions> = {},
    more: EntraAuthModuleOptions = {},
  ) {
    const credential = this.credential();
    const { options, ...others } = given;
    const base = this.dataSource(server);
    const dataSource = { ...base, ...others, options: { ...base.options, ...options } };
    return { credential, ...createDataSourceFactory({ credential, dataSource, ...more }) };
  }
}

function claimsOf(token: string): { aud: string; exp: number } {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
    aud: string;
    exp: number;
  };
}

export async function connect({ factory }: ReturnType<typeof createDataSourceFactory>): Promise<DataSource> {
  return new DataSource((await factory.createTypeOrmOptions()) as DataSourceOptions).initialize();
}

/** Asks for one value, which the statement calls `value`. */
export async function ask(dataSource: DataSource, sql: string): Promise<string> {
  return String((await dataSource.query<{ value: unknown }[]>(sql))[0]?.value);
}
