import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { lifeInMs, namespace, startEventHubs, type EventHubs } from '../../support/kafka/event-hubs.js';
import { apiKey, int16, int32, KafkaReader, requestsOf, string } from '../../support/kafka/kafka-message.js';

let hubs: EventHubs;
const clients: KafkaSocket[] = [];

beforeEach(async () => {
  hubs = await startEventHubs();
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.socket.destroy();
  await hubs?.stop();
});

/** Speaks the protocol itself, so that it can do what no client does. */
class KafkaSocket {
  readonly #waiting: ((answer: Buffer | 'closed') => void)[] = [];
  readonly closed: Promise<unknown>;

  constructor(readonly socket: TLSSocket) {
    const receive = requestsOf((answer) => this.#waiting.shift()?.(answer));
    socket.on('data', receive);
    socket.on('error', () => socket.destroy());
    this.closed = once(socket, 'close').then(() => {
      for (const settle of this.#waiting.splice(0)) settle('closed');
    });
  }

  static async open(): Promise<KafkaSocket> {
    const { broker, ssl } = hubs;
    const socket = connect({ host: broker.host, port: broker.port, ...ssl });
    await once(socket, 'secureConnect');
    const client = new KafkaSocket(socket);
    clients.push(client);
    return client;
  }

  request(key: number, ...body: Buffer[]): Promise<Buffer | 'closed'> {
    const request = Buffer.concat([int16(key), int16(1), int32(7), string('test'), ...body]);
    const answer = new Promise<Buffer | 'closed'>((resolve) => this.#waiting.push(resolve));
    this.socket.write(Buffer.concat([int32(request.length), request]));
    return answer;
  }

  handshake(mechanism = 'OAUTHBEARER') {
    return this.request(apiKey.saslHandshake, string(mechanism)).then(errorCodeOf);
  }

  authenticate(token: string) {
    const message = Buffer.from(`n,,\u0001auth=Bearer ${token}\u0001\u0001`);
    return this.request(apiKey.saslAuthenticate, int32(message.length), message).then(errorCodeOf);
  }

  async logIn(token: string) {
    await this.handshake();
    return this.authenticate(token);
  }

  metadata() {
    return this.request(apiKey.metadata, int32(0));
  }
}

/** The error code behind the correlation id. */
function errorCodeOf(answer: Buffer | 'closed'): number | 'closed' {
  if (answer === 'closed') return answer;
  const reader = new KafkaReader(answer);
  reader.int32();
  return reader.int16();
}

const tokenOf = (overrides: Partial<Parameters<EventHubs['entra']['issueToken']>[0]> = {}): string =>
  hubs.entra.issueToken({ audience: namespace, ...overrides });

describe('the SASL server that Kafka clients are tested against', () => {
  it('logs in by a handshake and a token, and serves until the token ends', async () => {
    const client = await KafkaSocket.open();
    expect(await client.handshake()).toBe(0);
    expect(await client.authenticate(tokenOf())).toBe(0);
    await hubs.clock.advance(lifeInMs - 1_001);
    expect(await client.metadata()).toBeInstanceOf(Buffer);
    expect(hubs.broker.closedForExpiry).toBe(0);
  });

  it('closes a connection that stays idle when its session ends', async () => {
    const client = await KafkaSocket.open();
    await client.logIn(tokenOf());
    await hubs.clock.advance(lifeInMs);
    await client.closed;
    expect(hubs.broker.closedForExpiry).toBe(1);
  });

  it('keeps a connection that has logged in anew', async () => {
    const client = await KafkaSocket.open();
    await client.logIn(tokenOf());
    await hubs.clock.advance(lifeInMs / 2);
    expect(await client.logIn(tokenOf())).toBe(0);
    await hubs.clock.advance(lifeInMs / 2 + 60_000);
    expect(await client.metadata()).toBeInstanceOf(Buffer);
    expect(hubs.broker.closedForExpiry).toBe(0);
  });

  it.each<[string, Parameters<typeof tokenOf>[0]]>([
    ['with a bad signature', { signedBy: 'foreign-key' }],
    ['that has expired', { lifetimeInSeconds: -1 }],
    ['of another namespace', { audience: 'https://other.servicebus.windows.net' }],
  ])('refuses a token %s with error 58, and closes the connection', async (_, overrides) => {
    const client = await KafkaSocket.open();
    expect(await client.logIn(tokenOf(overrides))).toBe(58);
    await client.closed;
    expect(hubs.broker).toMatchObject({ accepted: 0, refused: 1 });
  });

  it('refuses another principal on a connection that is logged in', async () => {
    const client = await KafkaSocket.open();
    expect(await client.logIn(tokenOf())).toBe(0);
    const other = tokenOf({ claims: { oid: '5d1b1f6c-6d2f-4c39-9a5d-0f3c5a2b7e11' } });
    expect(await client.logIn(other)).toBe(58);
    await client.closed;
    expect(await (await KafkaSocket.open()).logIn(other)).toBe(0);
  });

  it('refuses a login without a handshake, at first and anew', async () => {
    const client = await KafkaSocket.open();
    expect(await client.authenticate(tokenOf())).toBe('closed');

    const other = await KafkaSocket.open();
    expect(await other.logIn(tokenOf())).toBe(0);
    expect(await other.authenticate(tokenOf())).toBe('closed');
    expect(hubs.broker.accepted).toBe(1);
  });

  it('refuses another mechanism, and requests before a login', async () => {
    const client = await KafkaSocket.open();
    expect(await client.handshake('PLAIN')).toBe(33);
    expect(await client.authenticate(tokenOf())).toBe('closed');
    expect(await (await KafkaSocket.open()).metadata()).toBe('closed');
  });
});
