import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';

/** A connection of `tedious`. */
export interface TediousConnection extends EventEmitter {
  /** The socket, which carries TLS itself in TDS 8.0. */
  readonly socket?: unknown;
  /** Closes the socket at once, and fails the request that is under way. */
  close(): void;
}

/** Where `tedious` wants a socket to lead: the server, or the one that it named in its place. */
export interface ConnectTarget {
  host: string;
  port: number;
  localAddress?: string | undefined;
}

/** What `mssql` gives `tedious` for a connection. */
export interface ConnectionConfig {
  server: string;
  authentication: object;
  options: Record<string, unknown> & { connector?: (target: ConnectTarget) => Promise<Socket> };
}

export interface PoolConfig extends Record<string, unknown> {
  server: string;
  pool?: Record<string, unknown>;
  beforeConnect?: (connection: TediousConnection) => void;
}

/** The pool of `mssql`, with the methods by which each of its drivers makes connections. */
export interface MsSqlPool {
  _config(): ConnectionConfig;
  /** Opens a connection: calls `_config` and `beforeConnect` before it returns. */
  _poolCreate(): Promise<TediousConnection>;
  /** Tells whether an idle connection may be used; called for each that leaves the pool. */
  _poolValidate(connection: TediousConnection): boolean | Promise<boolean>;
  _poolDestroy(connection: TediousConnection): Promise<void>;
  release(connection: TediousConnection): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

export type MsSqlPoolClass = new (config: PoolConfig) => MsSqlPool;

/** What `mssql` exports. */
export interface MsSqlModule {
  ConnectionPool: MsSqlPoolClass;
  Request: new (parent: object) => { query(text: string): Promise<unknown> };
}
