import type { Clock } from '../common/clock.js';
import type { TokenEngine } from '../engine/token-engine.js';
import type { LoginEvent } from './login-event.js';
import type { DatabaseEndpoint, DatabaseType, ResolvedDatabase } from './resolved-database.js';

/** What one kind of database does its own way: `lib/database` drives all of them alike. */
export interface DatabaseKind<D extends ResolvedDatabase = ResolvedDatabase> {
  /** How its logins ask for a role; absent where the server finds the user by the token alone. */
  readonly roles?: DatabaseRoles<D>;
  /**
   * @param path the place of the options, for errors
   * @throws {EntraOptionsError} for the first option that is wrong or missing
   */
  resolve(name: string, path: string, given: object): D;
  /** The servers whose identity is not verified. */
  unverifiedServers(dataSource: D): readonly DatabaseEndpoint[];
  /**
   * Loads the driver.
   *
   * @throws {EntraOptionsError} when it is not installed
   */
  connector(dataSource: D, context: LoginContext): Promise<DatabaseConnector>;
}

export type DatabaseKinds = Readonly<Record<DatabaseType, DatabaseKind>>;

/** The roles or users that logins ask for. */
interface DatabaseRoles<D extends ResolvedDatabase> {
  readonly names: RoleNames;
  /** Fills in the role of every server that has none. */
  withUsername(dataSource: D, username: string): D;
}

/** The names of roles or users. */
export interface RoleNames {
  /** Whether the server takes a name without cutting it off. */
  fit(name: string): boolean;
  /** The limit, for people. */
  readonly limit: string;
  /** The statement that shows an administrator all of them. */
  readonly listing: string;
}

/** What the logins of a data source need from the application. */
export interface LoginContext {
  tokens: TokenEngine;
  clock: Clock;
  /** How often to try a new token for a role that two have been refused for, in milliseconds. */
  retryInMs: number;
  onLogin: (event: () => LoginEvent) => void;
}

/** The driver of one data source, with its logins: pools and probes learn from each other which tokens are refused. */
export interface DatabaseConnector {
  /** TypeORM's options with the driver, whose password is the current token. */
  typeOrmOptions(): Record<string, unknown>;
  /** A login outside any pool. */
  singleLogin(): SingleLogin;
  /** Queries the idle connections of the pools. */
  askIdle(query: string): SilenceCheck;
}

/** One login outside any pool, to the only server or the master. */
export interface SingleLogin {
  /** Logs in, runs a query, and terminates the session without waiting for that. */
  query(text: string): Promise<void>;
  /** Closes the socket at once. */
  close(): void;
}

/** A query that was sent to idle connections. */
export interface SilenceCheck {
  /** Resolves when all of them have answered. */
  allAnswered: Promise<void>;
  /** Closes those that have not answered by now, and returns how many they are. */
  closeSilent: () => number;
}
