import type { Socket } from 'node:net';

const LINGER_IN_MS = 30_000;

/**
 * Closes a connection so that the other side still reads what was written last. Destroying it would reset the
 * connection when unread bytes are waiting, and a reset can overtake the last words. A peer that does not close its
 * own side is dropped after half a minute.
 */
export function hangUp(socket: Socket, lastWords?: Buffer): void {
  if (socket.destroyed) return;
  if (lastWords && socket.writable) socket.end(lastWords);
  else socket.end();
  socket.resume();
  const linger = setTimeout(() => socket.destroy(), LINGER_IN_MS).unref();
  socket.once('close', () => clearTimeout(linger));
}
