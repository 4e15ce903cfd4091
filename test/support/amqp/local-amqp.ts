import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import { clearInterval, setInterval } from 'node:timers';

import rhea, { type Connection, type EventContext, type Receiver, type Sender, type Source } from 'rhea';

import type { KeyAndCertificate } from '../../../lib/testing/certificates/certificate-authority.js';

export interface LocalAmqpOptions {
  certificate: KeyAndCertificate;
  /** Returns when the token ends, in milliseconds, or throws. */
  verifyToken: (token: string) => number;
}

/** What a client has presented on its connection. */
interface Presented {
  endsAt: number;
  replies?: Sender;
}

/**
 * The part of an AMQP namespace that concerns tokens, over TLS: claims-based security takes a token for a connection, a
 * message without a valid one is refused, and a connection whose token has ended is closed.
 *
 * @see https://learn.microsoft.com/azure/service-bus-messaging/service-bus-amqp-protocol-guide#claims-based-security
 */
export class LocalAmqp implements AsyncDisposable {
  presented = 0;
  refused = 0;
  messages = 0;
  closedForExpiry = 0;
  readonly #container = rhea.create_container({ id: 'namespace' });
  readonly #verifyToken: LocalAmqpOptions['verifyToken'];
  readonly #connections = new Map<Connection, Presented>();
  readonly #server: Server;
  readonly #watch = setInterval(() => this.#closeExpired(), 50);

  private constructor({ certificate, verifyToken }: LocalAmqpOptions) {
    this.#verifyToken = verifyToken;
    this.#container
      .on('connection_open', ({ connection }: EventContext) =>
        this.#connections.set(connection, { endsAt: Infinity }),
      )
      .on('disconnected', ({ connection }: EventContext) => this.#connections.delete(connection))
      .on('sender_open', ({ sender, connection }: EventContext) => {
        const known = this.#connections.get(connection);
        if (known !== undefined && sender !== undefined) known.replies = sender;
      })
      .on('receiver_open', ({ receiver }: EventContext) => acceptTarget(receiver))
      .on('message', (context: EventContext) => this.#receive(context));
    const { key, cert } = certificate;
    this.#server = this.#container.listen({ port: 0, host: 'localhost', transport: 'tls', key, cert });
  }

  static async start(options: LocalAmqpOptions): Promise<LocalAmqp> {
    const local = new LocalAmqp(options);
    await once(local.#server, 'listening');
    return local;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#watch);
    this.#server.close();
    for (const connection of this.#connections.keys()) connection.close();
    await once(this.#server, 'close');
  }

  #receive({ message, receiver, connection, delivery }: EventContext): void {
    const presented = this.#connections.get(connection);
    if (presented === undefined || message === undefined) return;
    const { address } = (receiver?.target ?? {}) as { address?: string };
    if (address === '$cbs') this.#authorize(presented, message.body as string, message.message_id);
    else if (presented.endsAt === Infinity) delivery?.reject({ condition: 'amqp:unauthorized-access' });
    else this.messages++;
  }

  #authorize(presented: Presented, token: string, request: unknown): void {
    this.presented++;
    let status = { 'status-code': 202, 'status-description': 'Accepted' };
    try {
      presented.endsAt = this.#verifyToken(token);
    } catch {
      this.refused++;
      status = { 'status-code': 401, 'status-description': 'InvalidSignature' };
    }
    presented.replies?.send({ correlation_id: request as string, application_properties: status, body: '' });
  }

  #closeExpired(): void {
    for (const [connection, { endsAt }] of this.#connections) {
      if (Date.now() < endsAt) continue;
      this.closedForExpiry++;
      this.#connections.delete(connection);
      connection.close({ condition: 'amqp:unauthorized-access', description: 'ExpiredToken' });
    }
  }
}

/** Takes the address that the client sends to, which the type of a receiver lacks. */
function acceptTarget(receiver: Receiver | undefined): void {
  const { remote } = receiver as unknown as { remote: { attach: { target: Source } } };
  receiver?.set_target(remote.attach.target);
}
