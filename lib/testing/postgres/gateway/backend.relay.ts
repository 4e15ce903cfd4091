import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import type { Transform } from 'node:stream';
import { fatalError, ConnectionRefusal } from '../protocol/backend-message.factory.js';
import { ClientGoneError } from '../protocol/byte.reader.js';
import { type ClientConnection, hangUp } from './client.connection.js';

/** What the client said first. A request to cancel gets no answer; the start of a session does. */
export interface FirstPacket {
  kind: 'startup' | 'cancel-request';
  bytes: Buffer;
}

const shuttingDown = new ConnectionRefusal('57P03', 'the database system is shutting down');

/**
 * Opens a connection to the database, hands it the client's first packet unchanged and lets bytes flow both ways,
 * each side only as fast as the other reads. Returns once they flow.
 *
 * @param filter - Sees what the client sends, and may change it.
 * @throws ConnectionRefusal when the database is down.
 */
export async function relay(
  client: ClientConnection,
  path: string,
  firstPacket: FirstPacket,
  filter?: Transform,
): Promise<void> {
  const backend = await connect(path);
  backend.on('error', () => backend.destroy());
  if (client.stream.destroyed) {
    backend.destroy();
    throw new ClientGoneError('The client closed the connection during the login.');
  }
  backend.write(firstPacket.bytes);
  if (filter === undefined) client.stream.pipe(backend);
  else client.stream.pipe(filter).pipe(backend);
  client.stream.once('close', () => hangUp(backend));
  // What broke off has to end the other side too. A database that goes down during a login may do so without a word.
  backend.pipe(client.stream, { end: false });
  backend.once('close', () => {
    const silent = firstPacket.kind === 'startup' && backend.bytesRead === 0;
    hangUp(client.stream, silent ? fatalError(shuttingDown) : undefined);
  });
}

async function connect(path: string): Promise<Socket> {
  const socket = createConnection(path);
  try {
    await once(socket, 'connect');
    return socket;
  } catch {
    throw new ConnectionRefusal('57P03', 'the database system is starting up');
  }
}
