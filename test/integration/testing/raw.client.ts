import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as tlsConnect, type TLSSocket } from 'node:tls';

/** Speaks the protocol byte by byte, as well-behaved clients never would. */
export class RawClient {
  private received = Buffer.alloc(0);
  private readonly closing: Promise<unknown>;

  constructor(readonly socket: Socket) {
    socket.on('data', (chunk) => (this.received = Buffer.concat([this.received, chunk])));
    socket.on('error', () => undefined);
    this.closing = once(socket, 'close');
  }

  static async open(port: number): Promise<RawClient> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new RawClient(socket);
  }

  static async openTls(port: number, ca: string, ALPNProtocols?: string[]): Promise<RawClient> {
    const socket: TLSSocket = tlsConnect({
      port,
      host: '127.0.0.1',
      servername: 'localhost',
      ca,
      ALPNProtocols,
    });
    await once(socket, 'secureConnect');
    return new RawClient(socket);
  }

  send(...parts: Buffer[]): this {
    this.socket.write(Buffer.concat(parts));
    return this;
  }

  /** Goes on under TLS after the server's `S`. */
  async upgrade(ca: string): Promise<RawClient> {
    this.socket.removeAllListeners('data');
    const socket = tlsConnect({ socket: this.socket, servername: 'localhost', ca });
    await once(socket, 'secureConnect');
    return new RawClient(socket);
  }

  /** Waits for so many bytes and takes them. */
  async take(size: number): Promise<Buffer> {
    while (this.received.length < size)
      await once(this.socket, 'data', { signal: AbortSignal.timeout(30_000) });
    const taken = this.received.subarray(0, size);
    this.received = this.received.subarray(size);
    return taken;
  }

  /** Waits until the server closes, and gives everything it said. */
  async untilClosed(): Promise<Buffer> {
    await this.closing;
    return this.received;
  }

  close(): void {
    this.socket.destroy();
  }
}

export const SSL_REQUEST = 80877103;
export const GSS_REQUEST = 80877104;
export const CANCEL_REQUEST = 80877102;

/** A startup packet with this code (or protocol version) and body. */
export function packet(code: number, body: Buffer | string = ''): Buffer {
  const content = Buffer.from(body);
  const head = Buffer.alloc(8);
  head.writeInt32BE(content.length + 8);
  head.writeInt32BE(code, 4);
  return Buffer.concat([head, content]);
}

export function startup(parameters: Record<string, string>): Buffer {
  const words = Object.entries(parameters).flat();
  return packet(0x30000, [...words, '', ''].join('\0'));
}

export function password(text: string): Buffer {
  const body = Buffer.from(`${text}\0`);
  const head = Buffer.from('p\0\0\0\0');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

/** The fields of an ErrorResponse by their letters. */
export function errorFields(message: Buffer): Record<string, string> {
  if (message.toString('latin1', 0, 1) !== 'E')
    throw new Error(`No error: ${JSON.stringify(message.toString())}`);
  const fields = message.toString('utf8', 5).split('\0').filter(Boolean);
  return Object.fromEntries(fields.map((field): [string, string] => [field.slice(0, 1), field.slice(1)]));
}
