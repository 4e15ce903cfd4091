import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import pg from 'pg';

import { APP_ROLE, makeCertificate, startTestServer, type TestServer } from './postgres.fixture.js';
import { errorFields, GSS_REQUEST, packet, password, RawClient, SSL_REQUEST, startup } from './raw.client.js';

const STARTUP = startup({ user: APP_ROLE.name, database: 'app' });
const PASSWORD_REQUEST = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]);
/** Longer than a login takes on a slow machine. */
const loginTimeoutInMs = 2_000;

describe('the gateway of the local PostgreSQL', () => {
  let test: TestServer;
  let ca: string;

  beforeAll(async () => {
    ca = (await makeCertificate()).cert;
    test = await startTestServer({ loginTimeoutInMs });
  });

  afterAll(() => test.stop());

  const open = (): Promise<RawClient> => RawClient.open(test.server.port);
  const openTls = async (): Promise<RawClient> => {
    const client = await open();
    await client.send(packet(SSL_REQUEST)).take(1);
    return client.upgrade(ca);
  };

  it('refuses a client without TLS before it could send its token', async () => {
    const before = test.server.logins.refusedBy['no-encryption'];
    const answer = await (await open()).send(STARTUP).untilClosed();
    expect(errorFields(answer)).toEqual({
      S: 'FATAL',
      V: 'FATAL',
      C: '28000',
      M: 'no pg_hba.conf entry for host "127.0.0.1", user "app-identity", database "app", no encryption',
    });
    expect(test.server.logins.refusedBy['no-encryption']).toBe(before + 1);
  });

  it('tells pg so, too', async () => {
    const error = await test.refusal(test.token(), { ssl: false });
    expect(error).toMatchObject({ code: '28000', message: expect.stringContaining('no encryption') });
  });

  it('is refused by a client that does not know its certificate', async () => {
    await expect(test.refusal(test.token(), { ssl: true })).resolves.toMatchObject({
      code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    });
  });

  it('refuses bytes that were stuffed behind the request for TLS', async () => {
    const answer = await (await open()).send(packet(SSL_REQUEST), STARTUP).untilClosed();
    expect(errorFields(answer)).toMatchObject({
      C: '08P01',
      M: 'received unencrypted data after SSL request',
    });
  });

  it('declines GSSAPI and then speaks TLS', async () => {
    const client = await open();
    expect((await client.send(packet(GSS_REQUEST)).take(1)).toString()).toBe('N');
    expect((await client.send(packet(SSL_REQUEST)).take(1)).toString()).toBe('S');
    const secured = await client.upgrade(ca);
    expect(await secured.send(STARTUP).take(9)).toEqual(PASSWORD_REQUEST);
    secured.send(password(test.token()));
    expect(await secured.take(9)).toEqual(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0]));
    secured.close();
  });

  it('passes on what a client sends right behind its token', async () => {
    const query = Buffer.from('Q\0\0\0\x0eSELECT 42;\0').fill(0, 1, 4);
    query.writeInt32BE(query.length - 1, 1);
    const client = await openTls();
    await client.send(STARTUP).take(9);
    client.send(password(test.token()), query, Buffer.from([0x58, 0, 0, 0, 4]));
    expect((await client.untilClosed()).toString('latin1')).toContain('SELECT 1');
  });

  it('serves TLS from the first byte when ALPN names PostgreSQL', async () => {
    const client = await RawClient.openTls(test.server.port, ca, ['postgresql']);
    expect(await client.send(STARTUP).take(9)).toEqual(PASSWORD_REQUEST);
    client.close();
    const direct = { sslNegotiation: 'direct' } as pg.ClientConfig;
    await expect(test.session((session) => session.query('SELECT 1'), direct)).resolves.toMatchObject({
      rowCount: 1,
    });
  });

  it('refuses TLS from the first byte without ALPN', async () => {
    const client = await RawClient.openTls(test.server.port, ca);
    expect(errorFields(await client.untilClosed())).toMatchObject({
      C: '08P01',
      M: expect.stringContaining('ALPN'),
    });
  });

  it.each([
    ['a protocol of the future', packet(0x40000, 'user\0x\0\0'), '0A000'],
    ['a request for TLS within TLS', packet(SSL_REQUEST), '08P01'],
    ['a packet that is too long', Buffer.from([0, 1, 0, 0, 0, 3, 0, 0]), '08P01'],
    ['a packet that is too short', Buffer.from([0, 0, 0, 7, 0, 3, 0, 0]), '08P01'],
    ['a packet without end', packet(0x30000, 'user\0x'), '08P01'],
    ['a packet without user', startup({ database: 'app' }), '28000'],
  ])('refuses %s', async (_, bytes, code) => {
    const answer = await (await openTls()).send(bytes).untilClosed();
    expect(errorFields(answer)).toMatchObject({ S: 'FATAL', C: code });
  });

  it.each([
    ['another message', Buffer.from([0x58, 0, 0, 0, 4]), '08P01'],
    ['a token without limit', Buffer.from([0x70, 0x7f, 0xff, 0xff, 0xff]), '08P01'],
    ['a token with a zero inside', password('a\0b'), '08P01'],
    ['an empty token', password(''), '28P01'],
  ])('refuses %s in the place of a token', async (_, bytes, code) => {
    const client = await openTls();
    await client.send(STARTUP).take(9);
    const answer = await client.send(bytes).untilClosed();
    expect(errorFields(answer)).toMatchObject({ S: 'FATAL', C: code });
  });

  it('drops a client that sends nothing', async () => {
    const begin = performance.now();
    const silent = await Promise.all([open(), openTls()]);
    const answers = await Promise.all(silent.map((client) => client.untilClosed()));
    expect(performance.now() - begin).toBeGreaterThan(loginTimeoutInMs * 0.9);
    expect(Buffer.concat(answers)).toHaveLength(0);
  });

  it('does not count the time after the login', async () => {
    await test.session(async (client) => {
      await client.query('SELECT pg_sleep($1)', [(loginTimeoutInMs + 100) / 1_000]);
      await expect(client.query('SELECT 1')).resolves.toMatchObject({ rowCount: 1 });
    });
  });

  it('survives clients that leave or talk nonsense at any point', async () => {
    for (const bytes of [[], [0], [0x16, 3, 1, 0, 5, 1, 2, 3], [...packet(SSL_REQUEST)]]) {
      const client = await open();
      client.send(Buffer.from(bytes)).close();
    }
    const nonsense = await open();
    await nonsense.send(packet(SSL_REQUEST)).take(1);
    nonsense.send(Buffer.from('plain text'));
    await nonsense.untilClosed();
    const halfway = await openTls();
    halfway.send(STARTUP.subarray(0, 6)).socket.end();
    await halfway.untilClosed();
    await expect(test.session((client) => client.query('SELECT 1'))).resolves.toMatchObject({ rowCount: 1 });
  });

  it('answers nothing while it is paused, and then serves those who waited', async () => {
    test.server.pause();
    await expect(test.refusal(test.token(), { connectionTimeoutMillis: 200 })).resolves.toMatchObject({
      message: expect.stringContaining('timeout'),
    });
    const waiting = test.session((client) => client.query('SELECT 1'));
    const early = await Promise.race([
      waiting,
      new Promise((resolve) => setTimeout(resolve, 1000, 'nothing')),
    ]);
    expect(early).toBe('nothing');
    test.server.resume();
    await expect(waiting).resolves.toMatchObject({ rowCount: 1 });
  });

  it('breaks every connection on request', async () => {
    const client = new pg.Client(test.client());
    await client.connect();
    // pg may report the reset of a connection and then its end.
    client.on('error', () => undefined);
    const broken = once(client, 'error');
    test.server.dropConnections();
    await broken;
    await expect(test.session((next) => next.query('SELECT 1'))).resolves.toMatchObject({ rowCount: 1 });
  });
});
