import type { ConnectionOptions as TlsConnectionOptions } from 'node:tls';

import type { DataSourceOptions } from 'typeorm';

import type { OptionsOfTypeOrmModule } from '../database/type-orm-module-options.js';
import type { AccessTokenClaims } from '../entra/json-web-token.js';

type MySqlOptions = Extract<DataSourceOptions, { type: 'mysql' | 'mariadb' }>;

/** TLS settings of a connection, as many as `mysql2` knows. Verification cannot be turned off. */
export type EntraMySqlTlsOptions = Pick<
  TlsConnectionOptions,
  'ca' | 'cert' | 'key' | 'passphrase' | 'ciphers' | 'minVersion' | 'maxVersion'
> & {
  rejectUnauthorized?: true;
  verifyIdentity?: true;
};

/**
 * Options of a TypeORM data source that logs in to Azure Database for MySQL with an access token, through `mysql2`:
 * TypeORM's own for MySQL, and those of `TypeOrmModule`, without a password. There is one server; a local socket and
 * `replication` are refused.
 *
 * @see https://typeorm.io/docs/drivers/mysql
 * @see https://learn.microsoft.com/azure/mysql/flexible-server/security-entra-authentication
 */
export interface EntraMySqlDataSourceOptions
  extends
    Omit<
      MySqlOptions,
      | 'type'
      | 'url'
      | 'host'
      | 'database'
      | 'password'
      | 'ssl'
      | 'socketPath'
      | 'replication'
      | 'driver'
      | 'insecureAuth'
      | 'debug'
      | 'acquireTimeout'
      | 'connectTimeout'
    >,
    OptionsOfTypeOrmModule {
  /** The database. */
  type: 'mysql';
  /** The server's name, which is in its certificate: `mysql2` does not compare an IP address with that. */
  host: string;
  /** Name of the database. */
  database: string;
  /** A token is the password; give none. */
  password?: never;
  /** Default: verified TLS with the machine's certificate authorities. */
  ssl?: true | EntraMySqlTlsOptions;
  /**
   * The resource whose token is the password.
   *
   * @default 'mysql'
   */
  resource?: string;
  /**
   * Finds the user in the claims of the token, when there is no `username`.
   *
   * @default `roleNameFromToken`: the name of a user-assigned identity (`xms_mirid`), `upn`, `preferred_username`,
   *   `unique_name`; first in the database's token, then in one for Azure Resource Manager
   */
  roleNameFromToken?: (claims: AccessTokenClaims) => string | undefined;
  /**
   * The user when no token carries a name.
   *
   * @default the application id of the token
   */
  fallbackUsername?: string;
  /**
   * How long a login may take, in milliseconds, the wait for a token included, and so is the second try with another
   * token when the first was refused. A caller whose time ends during the second try gets the refusal of the first.
   *
   * @default 15000
   */
  connectTimeout?: number;
}

/** The options that TypeORM and `TypeOrmModule` do not know. */
export type OwnMySqlOptions = Omit<
  EntraMySqlDataSourceOptions,
  keyof MySqlOptions | keyof OptionsOfTypeOrmModule
>;
