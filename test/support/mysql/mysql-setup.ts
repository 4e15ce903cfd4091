import type { EntraAuthModuleOptions, EntraMySqlDataSourceOptions } from 'nestjs-entra-auth';
import type { LocalEntra } from 'nestjs-entra-auth/testing';
import { DataSource, type DataSourceOptions } from 'typeorm';

import { CertificateAuthority } from '../../../lib/testing/certificates/certificate-authority.js';
import { createDataSourceFactory, databaseAudience, HandMadeCredential } from '../local-database.js';
import { LocalMySql } from './local-mysql.js';
import { MariaDb } from './maria-db.js';

/** A real MariaDB behind gates that let users in as Azure does: by the object id in a token that is valid now. */
export class MySqlSetup implements AsyncDisposable {
  readonly authority = new CertificateAuthority();
  /** Tokens that are refused although they are valid. */
  readonly revoked = new Set<string>();

  private constructor(
    readonly entra: LocalEntra,
    readonly mariaDb: MariaDb,
    /** The object ids of users; others do not exist. */
    private readonly users: ReadonlyMap<string, string>,
  ) {}

  static async start(entra: LocalEntra): Promise<MySqlSetup> {
    const users = new Map([[entra.client.name, entra.client.objectId]]);
    const mariaDb = await MariaDb.start([...users.keys()]);
    return new MySqlSetup(entra, mariaDb, users);
  }

  /** Starts a gate. */
  gate(options: { tls?: boolean; authority?: CertificateAuthority } = {}): Promise<LocalMySql> {
    return LocalMySql.start({
      authority: this.authority,
      backend: { path: this.mariaDb.socketPath },
      checkToken: (token, user) => this.#check(token, user),
      ...options,
    });
  }

  #check(token: string, user: string): void {
    const { oid } = this.entra.verifyToken(token, { audience: databaseAudience });
    if (this.users.get(user) !== oid || this.revoked.has(token)) throw new Error('refused');
  }

  /** The options of a data source that leads to a gate. */
  dataSource({ host, port }: LocalMySql): EntraMySqlDataSourceOptions {
    const ssl = { ca: this.authority.certificate };
    return { type: 'mysql', host, port, database: 'notes', username: this.entra.client.name, ssl };
  }

  create(
    gate: LocalMySql,
    given: Partial<EntraMySqlDataSourceOptions> = {},
    more: EntraAuthModuleOptions = {},
  ) {
    const credential = new HandMadeCredential(this.entra);
    const dataSource = { ...this.dataSource(gate), ...given };
    return { credential, ...createDataSourceFactory({ credential, dataSource, ...more }) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.mariaDb[Symbol.asyncDispose]();
  }
}

export async function connect({ factory }: ReturnType<typeof createDataSourceFactory>): Promise<DataSource> {
  return new DataSource((await factory.createTypeOrmOptions()) as DataSourceOptions).initialize();
}

/** Asks for one value, which the statement calls `value`. */
export async function ask(dataSource: DataSource, sql: string): Promise<string> {
  return String((await dataSource.query<{ value: unknown }[]>(sql))[0]?.value);
}
