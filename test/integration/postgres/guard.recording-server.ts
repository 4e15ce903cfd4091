import { once } from 'node:events';
import { createConnection, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** What a server does with a client that wants to log in. */
export interface RecordingServerOptions {
  /** Answers the request for TLS with this certificate; without it, with "no". */
  certificate?: { key: string; cert: string };
  /** Answers whatever comes first by asking for a clear password, TLS or not. */
  asksAtOnce?: boolean;
  /** Path of a local socket, in place of a port of 127.0.0.1. */
  path?: string;
}

const tlsHandshake = 0x16;
const sslRequest = 80_877_103;
const askForClearPassword = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]);

/** "Too many connections": ends a login after the password, and does not refuse it. */
const tooManyConnections = ((): Buffer => {
  const fields = Buffer.from('SFATAL\0VFATAL\0C53300\0Mfull\0\0');
  const length = Buffer.alloc(4);
  length.writeInt32BE(fields.length + 4);
  return Buffer.concat([Buffer.from('E'), length, fields]);
})();

/**
 * A server that wants nothing but the password: it records every byte on the wire, and what it could read of them
 * after its TLS.
 */
export class RecordingServer {
  readonly #options: RecordingServerOptions;
  readonly #sockets = new Set<Socket>();
  readonly #inner: Server;
  readonly #front: Server;
  connections = 0;
  #wire: Buffer[] = [];
  #readable: Buffer[] = [];

  private constructor(options: RecordingServerOptions) {
    this.#options = options;
    this.#inner = createServer((socket) => this.#serve(socket));
    this.#front = createServer((client) => {
      this.connections++;
      const inner = createConnection((this.#inner.address() as AddressInfo).port, '127.0.0.1');
      this.#keep(client);
      this.#keep(inner);
      client.on('data', (data) => {
        this.#wire.push(data);
        inner.write(data);
      });
      inner.pipe(client);
      client.on('close', () => inner.destroy());
      inner.on('close', () => client.destroy());
    });
  }

  static async start(options: RecordingServerOptions = {}): Promise<RecordingServer> {
    const server = new RecordingServer(options);
    server.#inner.listen(0, '127.0.0.1');
    if (options.path === undefined) server.#front.listen(0, '127.0.0.1');
    else server.#front.listen(options.path);
    await Promise.all([once(server.#inner, 'listening'), once(server.#front, 'listening')]);
    return server;
  }

  get port(): number {
    return (this.#front.address() as AddressInfo).port;
  }

  /** Where a text was seen: in what went over the wire, in what the server could read, or nowhere. */
  saw(text: string): { onTheWire: boolean; readable: boolean } {
    const includes = (chunks: Buffer[]): boolean => Buffer.concat(chunks).includes(text);
    return { onTheWire: includes(this.#wire), readable: includes(this.#readable) };
  }

  forget(): void {
    this.connections = 0;
    this.#wire = [];
    this.#readable = [];
  }

  async stop(): Promise<void> {
    const closed = [this.#inner, this.#front].map((server) => once(server, 'close'));
    this.#inner.close();
    this.#front.close();
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(closed);
  }

  #serve(socket: Socket): void {
    this.#keep(socket);
    socket.once('data', (first: Buffer) => {
      const { certificate, asksAtOnce } = this.#options;
      if (first[0] === tlsHandshake) {
        socket.pause().unshift(first);
        this.#serveTls(socket);
      } else if (asksAtOnce || first.readInt32BE(4) !== sslRequest) {
        this.#login(socket, first);
      } else if (certificate !== undefined) {
        socket.write('S');
        this.#serveTls(socket);
      } else {
        socket.write('N');
        socket.once('data', (next: Buffer) => this.#login(socket, next));
      }
    });
  }

  #serveTls(socket: Socket): void {
    const secure = new TLSSocket(socket, {
      isServer: true,
      ...this.#options.certificate,
      ALPNProtocols: ['postgresql'],
    });
    this.#keep(secure);
    secure.once('data', (startup: Buffer) => this.#login(secure, startup));
  }

  #login(socket: Socket, startup: Buffer): void {
    this.#readable.push(startup);
    socket.write(askForClearPassword);
    socket.on('data', (data: Buffer) => {
      this.#readable.push(data);
      socket.end(tooManyConnections);
    });
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#sockets.delete(socket));
  }
}
