import type { SecureContextOptions } from 'node:tls';

import type { DataSourceOptions } from 'typeorm';

import type { OptionsOfTypeOrmModule } from '../database/type-orm-module-options.js';

type MsSqlOptions = Extract<DataSourceOptions, { type: 'mssql' }>;

/** TLS settings of a connection. Verification cannot be turned off. */
export type EntraMsSqlTlsOptions = Pick<
  SecureContextOptions,
  'ca' | 'cert' | 'key' | 'passphrase' | 'ciphers' | 'minVersion' | 'maxVersion'
>;

/** Options of `tedious`: those that TypeORM knows, without what would leave the server unverified. */
interface EntraMsSqlDriverOptions extends Omit<
  NonNullable<MsSqlOptions['options']>,
  | 'instanceName'
  | 'connectTimeout'
  | 'debug'
  | 'tdsVersion'
  | 'multiSubnetFailover'
  | 'encrypt'
  | 'trustServerCertificate'
  | 'cryptoCredentialsDetails'
> {
  /**
   * `true`: TDS 7.4, with TLS inside. `'strict'`: TDS 8.0, inside of TLS; give it with `tedious` 20.
   *
   * @default true
   */
  encrypt?: true | 'strict';
  /** The server is always verified, its name included. */
  trustServerCertificate?: false;
  /** Default: the machine's certificate authorities. */
  cryptoCredentialsDetails?: EntraMsSqlTlsOptions;
}

/**
 * Options of a TypeORM data source that logs in to Azure SQL with an access token, through `mssql`: TypeORM's own for
 * SQL Server, and those of `TypeOrmModule`. Neither a user name nor a password is given: the server finds the user by the
 * token. There is one server; `replication` is refused.
 *
 * @see https://typeorm.io/docs/drivers/microsoft-sqlserver
 * @see https://learn.microsoft.com/azure/azure-sql/database/authentication-aad-overview
 */
export interface EntraMsSqlDataSourceOptions
  extends
    Omit<
      MsSqlOptions,
      | 'type'
      | 'url'
      | 'host'
      | 'database'
      | 'username'
      | 'password'
      | 'domain'
      | 'authentication'
      | 'options'
      | 'replication'
      | 'driver'
      | 'connectionTimeout'
    >,
    OptionsOfTypeOrmModule {
  /** Azure SQL, through the package `mssql`. */
  type: 'mssql';
  /** The server's name, which is in its certificate, such as `example.database.windows.net`. */
  host: string;
  /** The database to log in to. The login fails without a user in it for the token's principal. */
  database: string;
  /** The server finds the user by the token; give none. */
  username?: never;
  /** A token takes its place; give none. */
  password?: never;
  /** Options of `tedious`, such as `encrypt` and `readOnlyIntent`. */
  options?: EntraMsSqlDriverOptions;
  /**
   * The resource whose token logs in.
   *
   * @default 'sql'
   */
  resource?: string;
  /**
   * How long a login may take, in milliseconds, with the wait for a token, redirections and the second try with another
   * token when the first was refused. A caller whose time ends during the second try gets the refusal of the first.
   *
   * @default 15000
   */
  connectionTimeout?: number;
}

/** The options that TypeORM and `TypeOrmModule` do not know. */
export type OwnMsSqlOptions = Omit<
  EntraMsSqlDataSourceOptions,
  keyof MsSqlOptions | keyof OptionsOfTypeOrmModule
>;
