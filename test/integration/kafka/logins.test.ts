import { setTimeout as sleep } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Connection } from '@platformatic/kafka';
import { Kafka, type KafkaConfig } from 'kafkajs';
import { entraOauthBearer } from 'nestjs-entra-auth/kafka';
import { ManualClock, startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';

import { CertificateAuthority } from '../../../lib/testing/certificates/certificate-authority.js';
import { createEngine } from '../../support/engine.js';
import { LocalKafka } from '../../support/kafka/local-kafka.js';
import { SecretScan } from '../../support/secret-scan.js';

const namespace = 'https://notes.servicebus.windows.net';
const lifeInMs = 3_600_000;
const lives = Array.from({ length: 10 }, (_, index) => index);

let clock: ManualClock;
let entra: LocalEntra;
let broker: LocalKafka;
let ssl: { ca: string };
let tokens: ReturnType<typeof createEngine>['service'];
let scan: SecretScan;
const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);

beforeEach(async () => {
  process.on('unhandledRejection', note);
  clock = new ManualClock();
  scan = new SecretScan();
  entra = await startLocalEntra({ clock, tokenLifetimeInSeconds: lifeInMs / 1000, apis: [namespace] });
  const authority = new CertificateAuthority();
  ssl = { ca: authority.certificate };
  broker = await LocalKafka.start({
    certificate: authority.issueServerCertificate(),
    verifyToken: (token) => entra.verifyToken(token, { audience: namespace }),
    now: clock.now,
  });
  const resources = { eventhubs: { scopes: [`${namespace}/.default`] } };
  tokens = createEngine({ clock, credential: entra.credential(), resources }).service;
});

afterEach(async () => {
  await tokens?.onApplicationShutdown();
  await broker?.[Symbol.asyncDispose]();
  await entra?.stop();
  process.off('unhandledRejection', note);
  expect(unhandled.splice(0)).toEqual([]);
  expect(scan.leaks()).toEqual([]);
});

/** Moves on by one life of a token, during which it is refreshed. */
async function liveOn(): Promise<void> {
  for (let step = 0; step < 12; step++) await clock.advance(lifeInMs / 12);
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
  for (; outcome === undefined; await sleep(5)) await clock.advance(5_000);
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
      brokers: [`${broker.host}:${broker.port}`],
      retry: { retries: 3, initialRetryTime: 20 },
      // The session is then renewed before each request.
      reauthenticationThreshold: 2 * lifeInMs,
      logCreator: () => (entry) => scan.value('log', entry),
      ...entraOauthBearer(tokens, { ssl }),
      ...options,
    });

  it('lives through ten token lives on the connections that it has, by tokens from memory', async () => {
    const admin = create().admin();
    await admin.connect();
    await admin.listTopics();
    const { connections } = broker;
    for (const life of lives) {
      await liveOn();
      const { total } = entra.requests;
      await expect(admin.listTopics()).resolves.toEqual([]);
      expect(entra.requests.total).toBe(total);
      expect(broker.tokens.size).toBeGreaterThan(life + 1);
    }
    await admin.disconnect();

    expect(broker).toMatchObject({ connections, refused: 0, closedForExpiry: 0 });
  });

  it('keeps logging in with the held token while the token endpoint is down', async () => {
    const admin = create().admin();
    await admin.connect();
    await entra.faults.set('token', { kind: 'http-status', status: 503 });
    await clock.advance(lifeInMs * 0.9);

    await expect(admin.listTopics()).resolves.toEqual([]);
    expect(broker.refused).toBe(0);
    await admin.disconnect();
  });

  it('retries without a token, and fails with what was wrong', async () => {
    await entra.faults.set('token', { kind: 'http-status', status: 503 });
    const admin = create().admin();
    const error = await failureWhileTimePasses(() => admin.connect());
    scan.value('error', error);

    expect(error).toMatchObject({
      name: 'KafkaJSNumberOfRetriesExceeded',
      retryCount: 3,
      cause: { code: 'ENTRA_TOKEN_UNAVAILABLE', retriable: true },
    });
    expect(broker.accepted).toBe(0);
    await admin.disconnect();
  });

  it.each([
    ['rejectUnauthorized is false', { ssl: { rejectUnauthorized: false } }],
    ['the certificate is not asked for', { ssl: { rejectUnauthorized: false, servername: 'localhost' } }],
  ])('sends no token when %s', async (_, options) => {
    const admin = create(options).admin();

    await expect(admin.connect()).rejects.toMatchObject({
      message: expect.stringContaining('not verified TLS'),
    });
    expect(broker).toMatchObject({ accepted: 0, refused: 0 });
    await admin.disconnect();
  });
});

describe('@platformatic/kafka', () => {
  const failureOf = async (connection: Connection): Promise<unknown> => {
    connection.on('error', () => undefined);
    const error = await failureWhileTimePasses(() => connection.connect(broker.host, broker.port));
    await connection.close();
    return error;
  };

  it('renews the session of a connection through ten token lives', async () => {
    // A session of an hour is renewed within milliseconds.
    broker.reportedShare = 50 / lifeInMs;
    const connection = new Connection('notes', entraOauthBearer(tokens, { client: 'platformatic', ssl }));
    const errors: unknown[] = [];
    connection.on('error', (error: unknown) => errors.push(error));
    await connection.connect(broker.host, broker.port);
    for (const life of lives) {
      await liveOn();
      await until(() => broker.tokens.size > life + 1);
    }
    await connection.close();

    expect(errors).toEqual([]);
    expect(broker).toMatchObject({ connections: 1, refused: 0 });
  });

  it('fails as the network does without a token, which it retries', async () => {
    await entra.faults.set('token', { kind: 'http-status', status: 503 });
    const connection = new Connection('notes', entraOauthBearer(tokens, { client: 'platformatic', ssl }));
    const error = await failureOf(connection);
    scan.value('error', error);

    expect(error).toMatchObject({ canRetry: true, cause: { code: 'ENTRA_TOKEN_UNAVAILABLE' } });
    expect((error as { findBy(key: string, value: unknown): unknown }).findBy('canRetry', false)).toBeFalsy();
  });

  it('sends no token over a connection without verified TLS', async () => {
    const { sasl } = entraOauthBearer(tokens, { client: 'platformatic', ssl });
    const connection = new Connection('notes', { sasl, tls: { rejectUnauthorized: false } });
    const error = await failureOf(connection);

    expect(error).toMatchObject({ cause: { code: 'ENTRA_INSECURE_CONNECTION' } });
    expect(broker).toMatchObject({ accepted: 0, refused: 0 });
  });
});

describe('@confluentinc/kafka-javascript', () => {
  it('gets token, principal and the absolute end in milliseconds', async () => {
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
