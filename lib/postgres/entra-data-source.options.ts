import type { ConnectionOptions as TlsConnectionOptions } from 'node:tls';

import type { DataSourceOptions } from 'typeorm';

import type { OptionsOfTypeOrmModule } from '../database/type-orm-module-options.js';
import type { AccessTokenClaims } from '../entra/json-web-token.js';

type PostgresOptions = Extract<DataSourceOptions, { type: 'postgres' }>;
type PostgresReplication = NonNullable<PostgresOptions['replication']>;
type PostgresEndpoint = PostgresReplication['master'];

/** TLS settings of a connection. Verification cannot be turned off: the token is all that a server needs to log in. */
export type EntraTlsOptions = Omit<TlsConnectionOptions, 'rejectUnauthorized' | 'checkServerIdentity'> & {
  rejectUnauthorized?: true;
  checkServerIdentity?: never;
};

/** Where a PostgreSQL server is, and who logs in there. */
export interface EntraEndpointOptions extends Omit<PostgresEndpoint, 'password' | 'ssl'> {
  /** A token is the password; give none. */
  password?: never;
  /** Default: verified TLS with the machine's certificate authorities. */
  ssl?: true | EntraTlsOptions;
}

/**
 * Options of a TypeORM data source that logs in with an access token: TypeORM's own for PostgreSQL, and those of
 * `TypeOrmModule`, without a password. A `url` is taken apart, since the driver drops the password function when it
 * is given one.
 *
 * @see https://typeorm.io/docs/drivers/postgres
 */
export interface EntraDataSourceOptions
  extends
    Omit<
      PostgresOptions,
      'password' | 'ssl' | 'driver' | 'nativeDriver' | 'replication' | 'connectTimeoutMS'
    >,
    OptionsOfTypeOrmModule {
  /** A token is the password; give none. */
  password?: never;
  /** Default: verified TLS with the machine's certificate authorities. */
  ssl?: true | EntraTlsOptions;
  /**
   * The resource whose token is the password.
   *
   * @default 'postgres'
   */
  resource?: string;
  /**
   * Finds the role in the claims of the token, when there is no `username`. The token of a managed
   * identity for a database usually carries no name, so check before you rely on it.
   *
   * @default `roleNameFromToken`: the name of a user-assigned identity (`xms_mirid`), `upn`, `preferred_username`,
   *   `unique_name`; first in the database's token, then in one for Azure Resource Manager
   */
  roleNameFromToken?: (claims: AccessTokenClaims) => string | undefined;
  /**
   * The role when no token carries a name.
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
  connectTimeoutMS?: number;
  /**
   * How old a connection of the pool may grow, in milliseconds, from 1000 to 2147483647. Then it is retired: what is
   * under way on it finishes, no new work goes to it, and it is closed. Up to a tenth is taken off at random, so that
   * connections that were opened together do not end together.
   *
   * A token's expiry needs none of this, since sessions outlive their tokens. Give it where a session must not outlive
   * a revocation by more than so long, or must move to a server that has been added.
   *
   * @default none: connections live until they are idle for too long (`extra.idleTimeoutMillis`)
   */
  maxConnectionLifetimeInMs?: number;
  /** One master and its read replicas; all of them get the same token. */
  replication?: Omit<PostgresReplication, 'master' | 'slaves'> & {
    master: EntraEndpointOptions;
    slaves: EntraEndpointOptions[];
  };
}

/** Where a PostgreSQL server is whose identity is not verified. */
export interface UnverifiedEndpointOptions extends Omit<EntraEndpointOptions, 'ssl'> {
  ssl?: boolean | TlsConnectionOptions;
}

/**
 * Options of a data source whose servers need not be verified: a local socket, a tunnel or a sidecar that ends in
 * the same pod, a test. **Any server that answers in
 * their place gets the token, and can log in with it wherever the principal can.**
 */
export interface UnverifiedDataSourceOptions extends Omit<EntraDataSourceOptions, 'ssl' | 'replication'> {
  /**
   * Opens a local socket as `host`, `ssl: false`, `ssl: { rejectUnauthorized: false }`, a `checkServerIdentity` of
   * your own, `sslmode=disable` and `sslmode=require` without `sslrootcert`; each then does what it does in libpq.
   * Nothing else is opened: a token still goes only to a host that is configured, and servers that can be verified
   * are. A warning is logged at start-up, and the health details report `verifiedTls: false`.
   *
   * @see https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-PROTECTION
   */
  dangerouslySendTokenWithoutVerifiedTls: true;
  /** TLS that may be off, or not verified. */
  ssl?: boolean | TlsConnectionOptions;
  /** A master and its replicas, which may be unverified. */
  replication?: Omit<PostgresReplication, 'master' | 'slaves'> & {
    master: UnverifiedEndpointOptions;
    slaves: UnverifiedEndpointOptions[];
  };
}

/** The options that TypeORM and `TypeOrmModule` do not know. */
export type OwnDataSourceOptions = Omit<
  UnverifiedDataSourceOptions,
  keyof PostgresOptions | keyof OptionsOfTypeOrmModule
>;
