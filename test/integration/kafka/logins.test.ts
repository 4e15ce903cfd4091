import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Connection, type ConnectionOptions } from '@platformatic/kafka';
import { Kafka, type KafkaConfig } from 'kafkajs';
import { entraOauthBearer } from 'nestjs-entra-auth/kafka';

import { lifeInMs, namespace, startEventHubs, type EventHubs } from '../../support/kafka/event-hubs.js';
import { SecretScan } from '../../support/secret-scan.js';

const lives = Array.from({ length: 10 }, (_, index) => index);
const steps = Array.from({ length: 6 }, () => lifeInMs / 6);

let hubs: EventHubs;
let scan: SecretScan;
const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);

beforeEach(async () => {
  process.on('unhandledRejection', note);
  scan = new SecretScan();
  hubs = await startEventHubs();
});

afterEach(async () => {
  await hubs?.stop();
  process.off('unhandledRejection', note);
  expect(unhandled.splice(0)).toEqual([]);
  expect(scan.leaks()).toEqual([]);
});

/** Takes the token endpoint down. Returns how many requests it has failed since. */
async function takeEntraDown(): Promise<() => number> {
  await hubs.entra.faults.set('token', { kind: 'http-status', status: 503 });
  const { token } = hubs.entra.requests;
  return () => hubs.entra.requests.token - token;
}

/** Moves the clock on until a call has failed. */
async function failureWhileTimePasses(call: () => unknown): Promise<unknown> {
  let outcome: { error: unknown } | undefined;
  const done = async (): Promise<void> => {
    try {
      await call();
      outcome = { error: undefined };
    } catch (error) {
      outcome = { error };
    }
  };
  const pending = done();
  for (; outcome === undefined; await sleep(5)) await hubs.clock.advance(5_000);
  await pending;
  return outcome.error;
}

async function until(isSo: () => boolean): Promise<void> {
  for (const end = Date.now() + 20_000; !isSo() && Date.now() < end;) await sleep(10);
  expect(isSo()).toBe(true);
}

describe('kafkajs', () => {
  const create = (options: Partial<KafkaConfig> = {}) =>
    new Kafka({
      brokers: [`${hubs.broker.host}:${hubs.broker.port}`],
      retry: { retries: 3, initialRetryTime: 20 },
      // The session is then renewed before each request.
      reauthenticationThreshold: 2 * lifeInMs,
      logCreator: () => (entry) => scan.value('log', entry),
      ...entraOauthBearer(hubs.tokens, { ssl: hubs.ssl }),
      ...options,
    });

  it('lives through ten token lives on the connections that it has, by tokens from memory', async () => {
    const { broker, clock, entra } = hubs;
    const admin = create().admin();
    await admin.connect();
    await admin.listTopics();
    const { connections } = broker;
    for (const life of lives) {
      for (const step of steps) {
        await clock.advance(step);
        const { total } = entra.requests;
        await expect(admin.listTopics()).resolves.toEqual([]);
        expect(entra.requests.total).toBe(total);
      }
      expect(broker.tokens.size).toBeGreaterThan(life + 1);
    }
    await admin.disconnect();

    expect(broker).toMatchObject({ connections, refused: 0, closedForExpiry: 0 });
  });

  it('keeps logging in with the held token while the token endpoint is down', async () => {
    const { broker, clock } = hubs;
    const admin = create().admin();
    await admin.connect();
    const failed = await takeEntraDown();
    await clock.advance(lifeInMs * 0.9);
    expect(failed()).toBeGreaterThan(0);

    const { accepted } = broker;
    await expect(admin.listTopics()).resolves.toEqual([]);
    expect(broker.accepted).toBeGreaterThan(accepted);
    expect(broker).toMatchObject({ refused: 0, closedForExpiry: 0 });
    expect(broker.tokens.size).toBe(1);
    await admin.disconnect();
  });

  it('retries without a token, and fails with what was wrong', async () => {
    const failed = await takeEntraDown();
    const admin = create().admin();
    const error = await failureWhileTimePasses(() => admin.connect());
    scan.value('error', error);

    expect(error).toMatchObject({
      name: 'KafkaJSNumberOfRetriesExceeded',
      retryCount: 3,
      cause: { code: 'ENTRA_TOKEN_UNAVAILABLE', retriable: true },
    });
    expect(failed()).toBeGreaterThan(0);
    expect(hubs.broker.accepted).toBe(0);
    await admin.disconnect();
  });

  it('gives up at once on an error of its own provider that is not marked as retriable', async () => {
    let calls = 0;
    const oauthBearerProvider = (): Promise<never> => {
      calls++;
      return Promise.reject(new Error('no token'));
    };
    const admin = create({ sasl: { mechanism: 'oauthbearer', oauthBearerProvider } }).admin();

    await expect(admin.connect()).rejects.toThrow('no token');
    expect(calls).toBe(1);
    await admin.disconnect();
  });

  it('sends nothing where the certificate is not checked, also after a connection that was verified', async () => {
    const options = entraOauthBearer(hubs.tokens, { ssl: hubs.ssl });
    const verified = create(options).admin();
    await verified.connect();
    const { connections, accepted } = hubs.broker;
    const unverified = create({ ...options, ssl: { rejectUnauthorized: false } }).admin();

    await expect(unverified.connect()).rejects.toThrow(
      'Failed to connect: Invalid option "ssl.rejectUnauthorized": false. Leave it out,',
    );
    expect(hubs.broker).toMatchObject({ connections, accepted, refused: 0 });
    await unverified.disconnect();
    await verified.disconnect();
  });

  it('sends no token over a connection that the application makes, also next to one that was verified', async () => {
    const options = entraOauthBearer(hubs.tokens, { ssl: hubs.ssl });
    const verified = create(options).admin();
    await verified.connect();
    const received: string[] = [];
    const socketFactory: KafkaConfig['socketFactory'] = ({ host, port, onConnect }) => {
      const socket = connect({ host, port, rejectUnauthorized: false }, onConnect);
      const write: (chunk: Buffer) => boolean = socket.write.bind(socket);
      socket.write = (chunk: Buffer) => {
        received.push(chunk.toString('latin1'));
        return write(chunk);
      };
      return socket;
    };
    const own = create({ ...options, socketFactory }).admin();

    await expect(own.connect()).rejects.toMatchObject({
      code: 'ENTRA_INSECURE_CONNECTION',
      message:
        'The connection to the broker is not verified TLS; no token was sent. ' +
        'Give the client "ssl" and "socketFactory" as entraOauthBearer returned them.',
    });
    expect(received.length).toBeGreaterThan(2);
    expect(received.join()).not.toMatch(/Bearer|eyJ/);
    expect(hubs.broker).toMatchObject({ accepted: 1, refused: 1 });
    await own.disconnect();
    await verified.disconnect();
  });
});

describe('@platformatic/kafka', () => {
  const createConnection = (options: Partial<ConnectionOptions> = {}): Connection =>
    new Connection('notes', {
      ...entraOauthBearer(hubs.tokens, { client: 'platformatic', ssl: hubs.ssl }),
      ...options,
    });

  const failureOf = async (connection: Connection): Promise<unknown> => {
    connection.on('error', () => undefined);
    const { host, port } = hubs.broker;
    const error = await failureWhileTimePasses(() => connection.connect(host, port));
    await connection.close();
    return error;
  };

  /** Closes a connection between two logins: one under way would fail, and be an `error`. */
  const closeBetweenLogins = async (connection: Connection): Promise<void> => {
    const { broker } = hubs;
    broker.reportedSession = undefined;
    const { accepted } = broker;
    await until(() => broker.accepted > accepted && connection.status === 'connected');
    await connection.close();
  };

  it('renews the session of a connection through ten token lives', async () => {
    const { broker, clock } = hubs;
    // A session of an hour is renewed within milliseconds.
    broker.reportedSession = 20;
    const connection = createConnection();
    const errors: unknown[] = [];
    connection.on('error', (error: unknown) => errors.push(error));
    await connection.connect(broker.host, broker.port);
    for (const life of lives) {
      for (const step of steps) {
        await clock.advance(step);
        const { accepted } = broker;
        // The first may have begun before.
        await until(() => broker.accepted > accepted + 1);
      }
      expect(broker.tokens.size).toBeGreaterThan(life + 1);
    }
    await closeBetweenLogins(connection);

    expect(errors).toEqual([]);
    expect(broker).toMatchObject({ connections: 1, refused: 0, closedForExpiry: 0 });
  });

  it('keeps logging in with the held token while the token endpoint is down', async () => {
    const { broker, clock } = hubs;
    broker.reportedSession = 20;
    const connection = createConnection();
    await connection.connect(broker.host, broker.port);
    const failed = await takeEntraDown();
    await clock.advance(lifeInMs * 0.9);
    expect(failed()).toBeGreaterThan(0);

    const { accepted } = broker;
    await until(() => broker.accepted > accepted + 1);
    await closeBetweenLogins(connection);
    expect(broker).toMatchObject({ connections: 1, refused: 0, closedForExpiry: 0 });
  });

  it('fails as the network does without a token, which it retries', async () => {
    const failed = await takeEntraDown();
    const error = await failureOf(createConnection());
    scan.value('error', error);

    expect(failed()).toBeGreaterThan(0);
    expect(error).toMatchObject({ canRetry: true, cause: { code: 'ENTRA_TOKEN_UNAVAILABLE' } });
    expect((error as { findBy(key: string, value: unknown): unknown }).findBy('canRetry', false)).toBeFalsy();
  });

  it('sends no token over a connection without verified TLS', async () => {
    const error = await failureOf(createConnection({ tls: { rejectUnauthorized: false } }));

    expect(error).toMatchObject({ cause: { code: 'ENTRA_INSECURE_CONNECTION' } });
    expect(hubs.broker).toMatchObject({ accepted: 0, refused: 0 });
  });
});

describe('a broker with the certificate of another host', () => {
  const otherHost = 'other.servicebus.windows.net';
  beforeEach(async () => {
    await hubs.stop();
    hubs = await startEventHubs(otherHost);
  });

  afterEach(() => {
    expect(hubs.broker).toMatchObject({ accepted: 0, refused: 0 });
  });

  it('gets no token from kafkajs, whatever "servername" the client was given', async () => {
    const options = entraOauthBearer(hubs.tokens, { ssl: hubs.ssl });
    const admin = new Kafka({
      brokers: [`${hubs.broker.host}:${hubs.broker.port}`],
      retry: { retries: 0 },
      logCreator: () => () => undefined,
      ...options,
      ssl: { ...hubs.ssl, servername: otherHost },
    }).admin();

    await expect(admin.connect()).rejects.toThrow('Invalid option "ssl.servername": given. Leave it out,');
    expect(hubs.broker.connections).toBe(0);
    await admin.disconnect();
  });

  it.each<[string, Partial<ConnectionOptions>]>([
    ['tlsServerName', { tlsServerName: otherHost }],
    ['tls.servername', { tls: { servername: otherHost } }],
    ['tls.checkServerIdentity', { tls: { checkServerIdentity: () => undefined } }],
  ])('gets no token from @platformatic/kafka over a connection made with %s', async (_, options) => {
    const { tls, ...rest } = options;
    const connection = new Connection('notes', {
      ...entraOauthBearer(hubs.tokens, { client: 'platformatic' }),
      ...rest,
      tls: { ...hubs.ssl, ...tls },
    });
    connection.on('error', () => undefined);
    const error = await failureWhileTimePasses(() => connection.connect(hubs.broker.host, hubs.broker.port));
    await connection.close();

    expect(error).toMatchObject({ cause: { code: 'ENTRA_INSECURE_CONNECTION' } });
    expect(hubs.broker.connections).toBe(1);
  });
});

describe('@confluentinc/kafka-javascript', () => {
  it('gets token, principal and the absolute end in milliseconds', async () => {
    const { entra, tokens } = hubs;
    const { token, expiresOnTimestamp } = await tokens.getToken('eventhubs');
    const { ssl: isTls, sasl } = entraOauthBearer(tokens, { client: 'confluent' });

    expect(isTls).toBe(true);
    await expect(sasl.oauthBearerProvider()).resolves.toEqual({
      value: token,
      principal: entra.verifyToken(token, { audience: namespace }).oid,
      lifetime: expiresOnTimestamp,
    });
  });
});
