import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';

import { ClientGoneError } from '../protocol/client-gone.error.js';
import { ConnectionRefusal } from '../protocol/connection-refusal.js';
import type { ClientConnection } from './client.connection.js';
import { hangUp } from './hang-up.js';

/**
 * Opens a connection to the database, hands it the client's first packet unchanged and lets bytes flow both ways,
 * each side only as fast as the other reads. Returns once they flow.
 *
 * @throws ConnectionRefusal when the database is down.
 */
export async function relay(client: ClientConnection, path: string, firstPacket: Buffer): Promise<void> {
  const backend = await connect(path);
  backend.on('error', () => backend.destroy());
  if (client.stream.destroyed) {
    backend.destroy();
    throw new ClientGoneError('The client closed the connection during the login.');
  }
  backend.write(firstPacket);
  bind(client.stream, backend);
  bind(backend, client.stream);
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

/** `pipe` passes an orderly end on; a connection that broke off has to end the other one too. */
function bind(from: Socket, to: Socket): void {
  from.pipe(to);
  from.once('close', () => hangUp(to));
}
