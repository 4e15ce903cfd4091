import { EventEmitter } from 'node:events';
import { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';

import type pg from 'pg';

/** The part of a client's connection that the types of pg leave out. */
interface ConnectionInternals {
  stream?: unknown;
  /** The TLS options in use. */
  ssl?: unknown;
}

export function connectionOf(client: pg.Client): ConnectionInternals {
  const connection: unknown = Reflect.get(client, 'connection');
  return typeof connection === 'object' && connection !== null ? connection : {};
}

/** The object that pg hands to the password function is the client's own, which tells logins apart. */
export function parametersOf(client: pg.Client): { password?: unknown } | undefined {
  const parameters: unknown = Reflect.get(client, 'connectionParameters');
  return typeof parameters === 'object' && parameters !== null ? parameters : undefined;
}

/** Passes the connection parameters to the password function, as pg does since 8.14. */
export function askWithTarget(client: pg.Client): void {
  const ask = Reflect.get(client, 'password') as ((target: unknown) => unknown) | string | null;
  const target = parametersOf(client);
  if (typeof ask === 'function') Reflect.set(client, 'password', () => ask(target));
}

/** OpenSSL's code for why Node refused the server's certificate. */
export function authorizationErrorOf(client: pg.Client): string | undefined {
  const { stream } = connectionOf(client);
  const error: unknown = stream instanceof TLSSocket ? stream.authorizationError : undefined;
  return typeof error === 'string' ? error : undefined;
}

/** Calls back on every error that the server reports on a connection, whatever it was asked. */
export function onServerError(client: pg.ClientBase, callback: (error: unknown) => void): void {
  const connection: unknown = Reflect.get(client, 'connection');
  if (connection instanceof EventEmitter) connection.on('errorMessage', callback);
}

/** Closes the socket of a client without terminating the session. */
export function destroySocket(client: pg.Client): void {
  const { stream } = connectionOf(client);
  if (stream instanceof Duplex) stream.destroy();
}
