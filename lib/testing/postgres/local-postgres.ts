import type { AdminClientConfig } from './cluster/admin.client.js';
import type { EntraRole } from './login/entra-roles.js';
import type { LoginFault } from './login/login-fault.js';
import type { LoginCounters } from './login/login-tally.js';

/**
 * A real PostgreSQL whose every login is checked as Azure Database for PostgreSQL checks it: TLS first, then an
 * Entra access token as cleartext password, whose `oid` must be that of the role. Sessions live on when their token
 * expires.
 *
 * Behind the login it is PostgreSQL itself. Since the client's TLS ends in front of it, `inet_client_addr()` is null
 * and `pg_stat_ssl` shows no encryption. The locale is `C`, the encoding UTF-8, the time zone UTC.
 *
 * @see https://learn.microsoft.com/azure/postgresql/security/security-entra-concepts
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-START-UP
 */
export interface LocalPostgres {
  /** Where it listens. */
  readonly host: 'localhost';
  /** The port of the gateway that checks tokens. */
  readonly port: number;
  /** The port of the pooler. @throws Error without the option `pooler` */
  readonly poolerPort: number;
  /** Name of the database. */
  readonly database: string;
  /** The default role. */
  readonly username: string;
  /** What became of the logins so far. */
  readonly logins: LoginCounters;
  /** For a `pg` client of your own as superuser: past the gateway, without TLS and token. */
  readonly adminClientConfig: AdminClientConfig;

  /** Runs SQL as superuser on a connection of its own, and gives the rows. */
  query<Row extends object = Record<string, unknown>>(sql: string, values?: unknown[]): Promise<Row[]>;
  /** Adds a role. For a name that exists it changes the principal, as when an identity is made anew. */
  createRole(role: EntraRole): Promise<void>;

  /** From now on this token is refused, however long it is valid. Sessions stay. */
  revoke(token: string): void;
  /** Revokes every token that logged in so far or was issued before this second. */
  revokeAll(): void;

  /**
   * Lets logins with a good token fail from now on; `undefined` ends that.
   *
   * @param options.times - Only the next so many. Default: until it is ended.
   * @throws TypeError when `times` is not a positive whole number
   */
  failLogins(fault: LoginFault | undefined, options?: { times?: number }): void;

  /** Breaks every connection, as a network does. */
  dropConnections(): void;
  /** New connections are accepted by TCP and get no answer, until `resume`. */
  pause(): void;
  /** Serves the connections that wait, and new ones. */
  resume(): void;
  /**
   * Stops the database and starts it again on the same data. Sessions end with SQLSTATE 57P01, and logins meanwhile
   * are refused with 57P03; the port stays.
   * @throws LocalPostgresError `start-failed`
   */
  restart(): Promise<void>;
  /** Ends everything and removes every file. May be called more than once. */
  stop(): Promise<void>;
}
