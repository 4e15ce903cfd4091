import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/**
 * A TCP relay in front of a server. It can fall silent on the connections that it has, as a load balancer that forgot
 * them: both ends keep an open socket, and nothing arrives.
 */
export class HalfOpenRelay {
  readonly #server: Server;
  readonly #pairs = new Set<[Socket, Socket]>();

  private constructor(target: { host: string; port: number }) {
    this.#server = createServer((client) => {
      const server = connect(target.port, target.host);
      const pair: [Socket, Socket] = [client, server];
      this.#pairs.add(pair);
      client.pipe(server);
      server.pipe(client);
      for (const socket of pair) {
        socket.on('error', () => undefined);
        socket.on('close', () => this.#end(pair));
      }
    });
  }

  static async start(target: { host: string; port: number }): Promise<HalfOpenRelay> {
    const relay = new HalfOpenRelay(target);
    relay.#server.listen(0, '127.0.0.1');
    await once(relay.#server, 'listening');
    return relay;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get connections(): number {
    return this.#pairs.size;
  }

  /** Forwards nothing more on the connections that there are. New ones work. */
  silence(): void {
    for (const [client, server] of this.#pairs) {
      client.unpipe(server);
      server.unpipe(client);
      client.resume();
      server.resume();
    }
  }

  async stop(): Promise<void> {
    for (const pair of this.#pairs) this.#end(pair);
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }

  #end(pair: [Socket, Socket]): void {
    this.#pairs.delete(pair);
    for (const socket of pair) socket.destroy();
  }
}
