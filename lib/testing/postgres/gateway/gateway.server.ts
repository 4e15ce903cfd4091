import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createSecureContext, type SecureContext } from 'node:tls';

import { ClientConnection } from './client.connection.js';
import { serveClient, type SessionServices } from './client.session.js';

/** Accepts clients and keeps account of their connections. */
export class GatewayServer {
  private readonly server: Server;
  private readonly connections = new Set<Socket>();
  private readonly waiting = new Set<Socket>();
  private readonly secureContext: SecureContext;
  private paused = false;
  private boundPort = 0;

  constructor(
    tls: { key: string; cert: string },
    private readonly services: SessionServices,
  ) {
    this.secureContext = createSecureContext({ key: tls.key, cert: tls.cert, minVersion: 'TLSv1.2' });
    this.server = createServer({ noDelay: true }, (socket) => this.accept(socket));
  }

  get port(): number {
    return this.boundPort;
  }

  async listen(port: number): Promise<void> {
    this.server.listen(port, '127.0.0.1');
    await once(this.server, 'listening');
    this.boundPort = (this.server.address() as AddressInfo).port;
  }

  /** From now on connections are accepted and left without an answer. */
  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    for (const socket of this.waiting) this.serve(socket);
    this.waiting.clear();
  }

  dropConnections(): void {
    for (const socket of this.connections) socket.destroy();
  }

  async close(): Promise<void> {
    if (!this.server.listening) return;
    const closed = once(this.server, 'close');
    this.server.close();
    this.dropConnections();
    await closed;
  }

  private accept(socket: Socket): void {
    this.connections.add(socket);
    socket.once('close', () => {
      this.connections.delete(socket);
      this.waiting.delete(socket);
    });
    if (this.paused) this.waiting.add(socket.on('error', () => socket.destroy()));
    else this.serve(socket);
  }

  private serve(socket: Socket): void {
    void serveClient(new ClientConnection(socket, this.secureContext), this.services);
  }
}
