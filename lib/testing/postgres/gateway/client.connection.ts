import type { Socket } from 'node:net';
import { TLSSocket, type SecureContext } from 'node:tls';
import { readBytes, ClientGoneError } from '../protocol/byte.reader.js';

const ALPN_PROTOCOL = 'postgresql';

/** A client's connection, in clear first and under TLS once the client asked for it. */
export class ClientConnection {
  readonly address: string;
  private current: Socket;

  constructor(
    socket: Socket,
    private readonly secureContext: SecureContext,
  ) {
    this.address = socket.remoteAddress ?? 'unknown';
    this.current = watched(socket);
  }

  get stream(): Socket {
    return this.current;
  }

  get encrypted(): boolean {
    return this.current instanceof TLSSocket;
  }

  /** True when client and server agreed by ALPN that they speak PostgreSQL. */
  get namedProtocol(): boolean {
    return this.current instanceof TLSSocket && this.current.alpnProtocol === ALPN_PROTOCOL;
  }

  /** Whether bytes came that no read has asked for yet. */
  get hasUnreadBytes(): boolean {
    return this.current.readableLength > 0;
  }

  readonly read = (size: number): Promise<Buffer> => readBytes(this.current, size);

  /** Gives bytes back, to be read again. */
  unread(bytes: Buffer): void {
    this.current.unshift(bytes);
  }

  write(bytes: Buffer | string): void {
    this.current.write(bytes);
  }

  /** Goes on under TLS. @throws ClientGoneError when the handshake fails. */
  startTls(): Promise<void> {
    const secured = new TLSSocket(this.current, {
      isServer: true,
      secureContext: this.secureContext,
      ALPNProtocols: [ALPN_PROTOCOL],
    });
    this.current = watched(secured);
    return new Promise((resolve, reject) => {
      secured.once('secure', resolve);
      secured.once('close', () => reject(new ClientGoneError('The TLS handshake failed.')));
    });
  }

  /** Sends the last bytes, if any, and closes. */
  end(lastWords?: Buffer): void {
    hangUp(this.current, lastWords);
  }

  destroy(): void {
    this.current.destroy();
  }
}

/** A connection error is always followed by `close`, which is what the rest listens to. */
function watched<S extends Socket>(socket: S): S {
  return socket.on('error', () => socket.destroy());
}

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
