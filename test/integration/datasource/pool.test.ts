import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type pg from 'pg';

import { ManualClock } from '../../../lib/testing/manual-clock.js';
import { createDataSourceFactory } from '../../support/local-database.js';
import { ScriptedPostgres } from '../../support/scripted-postgres.js';

let server: ScriptedPostgres;
let clock: ManualClock;

beforeAll(async () => {
  server = await ScriptedPostgres.start();
});

afterAll(() => server.stop());

beforeEach(() => {
  server.reset();
  clock = new ManualClock();
});

type EntraPool = pg.Pool & { evictConnections(): void };

async function createDriver(): Promise<{ driver: typeof pg; config: pg.PoolConfig }> {
  const credential = {
    getToken: () => Promise.resolve({ token: 'opaque', expiresOnTimestamp: clock.now() + 3_600_000 }),
  };
  const { factory } = createDataSourceFactory({ credential, dataSource: server.dataSource, clock });
  const made = (await factory.createTypeOrmOptions()) as unknown as pg.PoolConfig & { driver: typeof pg };
  const { driver, host, port, ssl, password } = made;
  const { username: user, database } = server.dataSource;
  return { driver, config: { host, port, user, database, ssl, password } };
}

async function createPool(max: number): Promise<EntraPool> {
  const { driver, config } = await createDriver();
  return new driver.Pool({ ...config, max }) as EntraPool;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

describe('the pool of a data source', () => {
  it('gives the place of a retired connection to the next, even when the server is gone', async () => {
    server.ignoresGoodbye = true;
    const pool = await createPool(1);
    const first = await pool.connect();
    const second = pool.connect();
    pool.evictConnections();
    first.release();
    await until(() => server.unanswered === 1);
    await clock.advance(999);
    expect(pool.waitingCount).toBe(1);
    await clock.advance(1);
    (await second).release();
    expect(server.logins).toBe(2);
    const ended = pool.end();
    await until(() => server.unanswered === 2);
    await clock.advance(1_000);
    await ended;
    expect(clock.pendingTimers).toBe(0);
  });

  it.each(['57P01', '57P02', '57P03'])('retires its connections when a login fails with %s', async (code) => {
    const pool = await createPool(2);
    const first = await pool.connect();
    server.refusal = code;
    await expect(pool.connect()).rejects.toMatchObject({ code });
    server.refusal = undefined;
    first.release();
    const next = await pool.connect();
    expect(next).not.toBe(first);
    next.release();
    await pool.end();
  });

  it('retires its connections once in five seconds, however often the server says that it is read-only', async () => {
    const pool = await createPool(2);
    const idle = async (): Promise<pg.PoolClient> => {
      const client = await pool.connect();
      client.release();
      return client;
    };
    const writeReadOnly = async (): Promise<void> => {
      const client = await pool.connect();
      server.queryError = '25006';
      await expect(client.query('create table t ()')).rejects.toMatchObject({ code: '25006' });
      server.queryError = undefined;
      client.release();
    };
    const before = await idle();
    await writeReadOnly();
    const after = await idle();
    expect(after).not.toBe(before);
    await clock.advance(4_999);
    for (let n = 0; n < 20; n++) await writeReadOnly();
    expect(await idle()).toBe(after);
    await clock.advance(1);
    await writeReadOnly();
    expect(await idle()).not.toBe(after);
    pool.evictConnections();
    pool.evictConnections();
    await pool.end();
    expect(server.logins).toBe(3);
  });
});

describe('a client of a data source', () => {
  it('refuses to connect twice, and keeps the connection that it has', async () => {
    const { driver, config } = await createDriver();
    const client = new driver.Client(config);
    await client.connect();
    await expect(client.connect()).rejects.toThrow(/already been connected/);
    expect((await client.query('select')).rowCount).toBe(0);
    await client.end();
  });
});
