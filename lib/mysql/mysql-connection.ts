import type { EventEmitter } from 'node:events';
import { Duplex } from 'node:stream';

import type { Connection } from 'mysql2';

import { type Clock, unref } from '../common/clock.js';

/** A connection of mysql2. Its types leave out that it is an emitter. */
export type MySqlConnection = Connection & Pick<EventEmitter, 'prependOnceListener'>;

// A server that is gone never answers.
const terminateTimeoutInMs = 1_000;

export function streamOf(connection: object): Duplex | undefined {
  const stream: unknown = Reflect.get(connection, 'stream');
  return stream instanceof Duplex ? stream : undefined;
}

/** Terminates the session, and closes the socket if the server does not within a second. */
export function terminate(connection: Connection, clock: Clock): void {
  const stream = streamOf(connection);
  const timer = clock.setTimeout(() => stream?.destroy(), terminateTimeoutInMs);
  unref(timer);
  stream?.once('close', () => clock.clearTimeout(timer));
  connection.end(() => undefined);
}
