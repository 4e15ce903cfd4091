import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';

import type { KeyAndCertificate } from '../../../lib/testing/certificates/certificate-authority.js';
import { KafkaConnection, type KafkaHost } from './kafka-connection.js';

export interface LocalKafkaOptions extends Pick<KafkaHost, 'clock' | 'verifyToken'> {
  certificate: KeyAndCertificate;
}

/**
 * The SASL part of a Kafka broker, as strict as Event Hubs: TLS only, OAUTHBEARER after a handshake, and a session that
 * lasts as long as its token. A refused token or another principal gets an error, and its connection is closed; so is one
 * whose session has ended. It answers Metadata of no topics.
 *
 * @see https://cwiki.apache.org/confluence/display/KAFKA/KIP-368
 */
export class LocalKafka implements AsyncDisposable, KafkaHost {
  readonly host = 'localhost';
  readonly clock: KafkaHost['clock'];
  readonly verifyToken: KafkaHost['verifyToken'];
  connections = 0;
  accepted = 0;
  refused = 0;
  closedForExpiry = 0;
  /** The distinct tokens of accepted logins. */
  readonly tokens = new Set<string>();
  reportedSession: number | undefined;
  readonly #sockets = new Set<TLSSocket>();
  readonly #server;

  private constructor({ certificate, clock, verifyToken }: LocalKafkaOptions) {
    this.clock = clock;
    this.verifyToken = verifyToken;
    this.#server = createServer(certificate, (socket) => this.#serve(socket));
  }

  static async start(options: LocalKafkaOptions): Promise<LocalKafka> {
    const local = new LocalKafka(options);
    local.#server.listen(0, '127.0.0.1');
    await once(local.#server, 'listening');
    return local;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  onAccepted(token: string): void {
    this.accepted++;
    this.tokens.add(token);
  }

  onRefused(): void {
    this.refused++;
  }

  onExpired(): void {
    this.closedForExpiry++;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #serve(socket: TLSSocket): void {
    this.connections++;
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    new KafkaConnection(socket, this);
  }
}
