import type { Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { RequestDispatcher } from './request.dispatcher.js';

const host = '127.0.0.1';

/** One listening port that can refuse connections for a while and come back on the same number. */
export class Listener {
  // By the client's port: a TLS socket does not lead back to the TCP socket that a reset has to go through.
  private readonly sockets = new Map<number, Socket>();
  private boundPort = 0;

  constructor(private readonly server: Server) {
    // A server that closes idle connections races with clients that reuse them.
    server.keepAliveTimeout = 0;
    server.on('connection', (socket: Socket) => {
      const clientPort = socket.remotePort ?? 0;
      this.sockets.set(clientPort, socket);
      socket.once('close', () => this.sockets.delete(clientPort));
    });
    // Ignores aborted handshakes and malformed requests.
    server.on('tlsClientError', () => undefined);
    server.on('clientError', (_error, socket) => socket.destroy());
  }

  /** The port number; kept while connections are refused. */
  get port(): number {
    return this.boundPort;
  }

  /** Has requests answered from now on. */
  serve(dispatcher: RequestDispatcher): void {
    this.server.on('request', (message, response) => {
      void dispatcher.dispatch(message, response, (socket) => this.reset(socket));
    });
  }

  /** Starts to listen, or to listen again. Rejects when the port is taken. */
  async open(port = this.boundPort): Promise<void> {
    if (this.server.listening) return;
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen({ port, host }, () => {
        this.server.off('error', reject);
        resolve();
      });
    });
    this.boundPort = (this.server.address() as AddressInfo).port;
  }

  /** Stops listening and cuts every connection, answered or not. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      if (this.server.listening) this.server.close(() => resolve());
      else resolve();
    });
    for (const socket of this.sockets.values()) socket.destroy();
    await closed;
  }

  private reset(connection: Socket): void {
    const socket = this.sockets.get(connection.remotePort ?? 0) ?? connection;
    socket.resetAndDestroy();
  }
}
