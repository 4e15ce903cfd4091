/** How the local Redis shall be. */
export interface LocalRedisOptions {
  /** The program. @default `redis-server` on PATH, or where Debian puts servers */
  program?: string;
  /** Further settings of `redis.conf`, such as `{ maxmemory: '64mb' }`. */
  settings?: Readonly<Record<string, string | number>>;
}

/**
 * A Redis that takes tokens of the local Entra as Azure does: a real `redis-server` behind TLS, with the token as password, its
 * `oid` as user, and the end of a connection when the token of its last AUTH expires.
 */
export interface LocalRedis {
  /** Name that its certificate has; `certificateAuthority` of the local Entra signed it. */
  readonly host: string;
  /** The port of the gate that checks tokens. */
  readonly port: number;
  /** Logins by AUTH and HELLO so far. */
  readonly logins: { readonly accepted: number; readonly refused: number };
  /** Connections so far. */
  readonly connections: number;
  /** How many connections are open. */
  readonly openConnections: number;
  /** Connections that ended because their token did. */
  readonly closedForExpiry: number;
  /** Answers the logins of these connections with WRONGPASS: of all, or of those that have logged in before. */
  refuses: 'none' | 'all' | 'open connections';
  /** Ends every connection, as a failover does. */
  closeConnections(): void;
  /** Kills the server with all that it holds, and starts it anew. */
  restart(): Promise<void>;
}
