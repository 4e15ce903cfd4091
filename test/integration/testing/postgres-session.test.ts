import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

import { CopyQuery } from './copy.query.js';
import { makeCertificate, startTestServer, type TestServer } from './postgres.fixture.js';
import { CANCEL_REQUEST, packet, RawClient, SSL_REQUEST } from './raw.client.js';

/** Asks again until the answer is the expected one; the last answer otherwise. */
async function eventually<T>(ask: () => Promise<T>, isExpected: (answer: T) => boolean): Promise<T> {
  for (let round = 0; ; round += 1) {
    const answer = await ask();
    if (isExpected(answer) || round > 900) return answer;
    await sleep(20);
  }
}

describe('a session of the local PostgreSQL', () => {
  let test: TestServer;

  beforeAll(async () => {
    test = await startTestServer({ rights: 'migrations' });
  });

  afterAll(() => test.stop());

  const connect = async (): Promise<pg.Client> => {
    const client = new pg.Client(test.client());
    client.on('error', () => undefined);
    await client.connect();
    return client;
  };
  const sessions = async (): Promise<number> => {
    const [row] = await test.server.query<{ count: number }>(
      'SELECT count(*)::int AS count FROM pg_stat_activity WHERE usename = $1',
      [test.server.username],
    );
    return row?.count ?? -1;
  };

  it('copies in and out, more than any buffer holds', async () => {
    const line = `${'x'.repeat(1023)}\n`;
    const chunk = Buffer.from(line.repeat(64));
    await test.session(async (client) => {
      await client.query('CREATE TABLE bulk (line text)');
      const load = client.query(new CopyQuery('COPY bulk FROM STDIN', Array<Buffer>(320).fill(chunk)));
      await load.done;
      const { rows } = await client.query<{ count: number }>('SELECT count(*)::int AS count FROM bulk');
      expect(rows).toEqual([{ count: 20_480 }]);
      const unload = client.query(new CopyQuery('COPY bulk TO STDOUT'));
      expect((await unload.done).length).toBe(20_480 * 1024);
    });
  });

  it('makes the database wait for a client that reads slowly', async () => {
    const client = await connect();
    const { stream } = (client as unknown as { connection: { stream: NodeJS.ReadableStream } }).connection;
    const flood = client.query(
      new CopyQuery("COPY (SELECT repeat('x', 10000) FROM generate_series(1, 20000)) TO STDOUT"),
    );
    stream.pause();
    const state = (): Promise<{ wait_event: string }[]> =>
      test.server.query(`SELECT wait_event FROM pg_stat_activity WHERE query LIKE 'COPY (SELECT repeat%'`);
    const waiting = await eventually(state, ([row]) => row?.wait_event === 'ClientWrite');
    await sleep(100);
    expect([waiting, await state()]).toEqual([
      [{ wait_event: 'ClientWrite' }],
      [{ wait_event: 'ClientWrite' }],
    ]);
    stream.resume();
    expect((await flood.done).length).toBe(20_000 * 10_001);
    await client.end();
  });

  it('hears notifications', async () => {
    const listener = await connect();
    await listener.query('LISTEN news');
    const heard = once(listener, 'notification');
    await test.session((client) => client.query(`NOTIFY news, 'hello'`));
    expect(await heard).toEqual([expect.objectContaining({ channel: 'news', payload: 'hello' })]);
    await listener.end();
  });

  it.each(['in clear', 'under TLS'])('can have its query cancelled %s', async (how) => {
    const client = await connect();
    const { processID, secretKey } = client as unknown as { processID: number; secretKey: number };
    const sleeping = client.query('SELECT pg_sleep(20)').catch((error: pg.DatabaseError) => error.code);
    // A request that comes before the query begins cancels nothing.
    const begun = (): Promise<{ wait_event: string }[]> =>
      test.server.query('SELECT wait_event FROM pg_stat_activity WHERE pid = $1', [processID]);
    await eventually(begun, ([row]) => row?.wait_event === 'PgSleep');
    const key = Buffer.alloc(8);
    key.writeInt32BE(processID);
    key.writeInt32BE(secretKey, 4);
    let canceller = await RawClient.open(test.server.port);
    if (how === 'under TLS') {
      await canceller.send(packet(SSL_REQUEST)).take(1);
      canceller = await canceller.upgrade((await makeCertificate()).cert);
    }
    expect(await canceller.send(packet(CANCEL_REQUEST, key)).untilClosed()).toHaveLength(0);
    await expect(sleeping).resolves.toBe('57014');
    await expect(client.query('SELECT 1')).resolves.toMatchObject({ rowCount: 1 });
    await client.end();
  });

  it('is told when an administrator ends it', async () => {
    const client = await connect();
    const { processID } = client as unknown as { processID: number };
    const told = once(client, 'error') as Promise<pg.DatabaseError[]>;
    await test.server.query('SELECT pg_terminate_backend($1)', [processID]);
    expect((await told)[0]).toMatchObject({ code: '57P01' });
  });

  it('ends in the database when the client vanishes', async () => {
    await eventually(sessions, (count) => count === 0);
    const client = await connect();
    expect(await sessions()).toBe(1);
    (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
    expect(await eventually(sessions, (count) => count === 0)).toBe(0);
  });

  it('ends in the database when its connections are dropped', async () => {
    const clients = await Promise.all([connect(), connect()]);
    const ended = Promise.all(
      clients.map((client) => new Promise<void>((resolve) => client.once('end', () => resolve()))),
    );
    test.server.dropConnections();
    await ended;
    expect(await eventually(sessions, (count) => count === 0)).toBe(0);
  });

  it('finishes what a client sent right before it left', async () => {
    await test.session((client) => client.query('CREATE TABLE last_words (text text)'));
    const client = await connect();
    void client
      .query(`INSERT INTO last_words SELECT repeat('x', 1000) FROM generate_series(1, 5000)`)
      .catch(() => undefined);
    await client.end();
    const rows = await eventually(
      () => test.server.query<{ count: number }>('SELECT count(*)::int AS count FROM last_words'),
      ([row]) => row?.count === 5000,
    );
    expect(rows).toEqual([{ count: 5000 }]);
  });

  it('is one of fifty at once', async () => {
    const before = test.server.logins.accepted;
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        test.session(
          async (client) => (await client.query<{ n: number }>('SELECT $1::int AS n', [index])).rows[0]?.n,
        ),
      ),
    );
    expect(results).toEqual(Array.from({ length: 50 }, (_, index) => index));
    expect(test.server.logins.accepted).toBe(before + 50);
  });

  it('is told when the database restarts, and finds its data again at the same port', async () => {
    await test.session((client) => client.query(`CREATE TABLE kept AS SELECT 'still here' AS text`));
    const client = await connect();
    const told = once(client, 'error') as Promise<pg.DatabaseError[]>;
    const port = test.server.port;
    const restarted = test.server.restart();
    expect((await told)[0]).toMatchObject({ code: '57P01' });
    const meanwhile = await Promise.allSettled([connect(), sleep(5).then(connect), sleep(15).then(connect)]);
    await restarted;
    for (const login of meanwhile) {
      if (login.status === 'fulfilled') await login.value.end();
      else expect(login.reason).toMatchObject({ code: '57P03' });
    }
    expect(test.server.port).toBe(port);
    const { rows } = await test.session((next) => next.query('SELECT text FROM kept'));
    expect(rows).toEqual([{ text: 'still here' }]);
  });
});
