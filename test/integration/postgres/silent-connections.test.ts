import { existsSync, readFileSync } from 'node:fs';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { EntraDataSourceHealthIndicator } from 'nestjs-entra-auth';
import type pg from 'pg';

import { ManualClock } from '../../../lib/testing/manual-clock.js';
import { HalfOpenRelay } from '../../support/half-open-relay.js';
import { createDataSourceFactory } from '../../support/local-database.js';
import { ScriptedPostgres } from '../../support/scripted-postgres.js';
import { databaseToken } from '../../support/tokens.js';

let server: ScriptedPostgres;
let relay: HalfOpenRelay;

beforeAll(async () => {
  server = await ScriptedPostgres.start();
});

beforeEach(async () => {
  server.reset();
  relay = await HalfOpenRelay.start({ host: '127.0.0.1', port: server.dataSource.port });
});

afterEach(() => relay.stop());

afterAll(() => server.stop());

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A pool with two idle connections through the relay, and the health of its data source. */
async function createPool() {
  const clock = new ManualClock();
  const { dataSources, factory } = createDataSourceFactory({
    startup: 'lazy',
    credential: {
      getToken: () =>
        Promise.resolve({ token: databaseToken('only'), expiresOnTimestamp: clock.now() + 3_600_000 }),
    },
    dataSource: { ...server.dataSource, port: relay.port },
    clock,
  });
  const made = (await factory.createTypeOrmOptions()) as unknown as pg.PoolConfig & { driver: typeof pg };
  const { driver, host, port, ssl, password } = made;
  const { extra } = made as unknown as { extra: pg.PoolConfig };
  const pool = new driver.Pool({
    host,
    port,
    ssl,
    password,
    user: 'app',
    database: 'notes',
    ...extra,
    max: 3,
  });
  // As TypeORM does: the pool reports an idle connection that breaks.
  pool.on('error', () => undefined);
  const clients = [await pool.connect(), await pool.connect()];
  for (const client of clients) client.release();
  const indicator = new EntraDataSourceHealthIndicator(dataSources, clock);
  let known: unknown;
  return {
    clock,
    pool,
    isHealthy: async () => {
      known = undefined;
      void indicator.isHealthy('database', { timeoutInMs: 600_000 }).then((health) => (known = health));
      while (known === undefined) {
        await nextTurn();
        // The login is over: what is left is the patience with the pool.
        if (server.logins > 2) await clock.advance(50);
      }
      return known;
    },
  };
}

describe('a pool whose connections are half open', () => {
  it('is reported by the health indicator, and heals', async () => {
    const { isHealthy, pool, clock } = await createPool();
    relay.silence();
    expect(await isHealthy()).toMatchObject({
      database: {
        status: 'up',
        silentConnections: 2,
        message: expect.stringMatching(/2 idle connections of the pool did not answer/),
      },
    });
    while (pool.totalCount > 0) {
      await nextTurn();
      await clock.advance(1_000);
    }
    await pool.query('select 1');
    await pool.end();
  });

  it('is not reported when they answer, and they stay', async () => {
    const { isHealthy, pool } = await createPool();
    const { database } = (await isHealthy()) as { database: object };
    expect(database).toMatchObject({ status: 'up' });
    expect(database).not.toHaveProperty('silentConnections');
    expect([pool.totalCount, pool.idleCount]).toEqual([2, 2]);
    await pool.end();
  });

  it('is not blamed for a connection in use', async () => {
    const { isHealthy, pool } = await createPool();
    const [busy, other] = [await pool.connect(), await pool.connect()];
    relay.silence();
    expect(await isHealthy()).not.toHaveProperty('database.silentConnections');
    for (const client of [busy, other]) client.release(true);
    await pool.end();
  });

  const sockets = '/proc/net/tcp';
  const describeOnLinux = existsSync(sockets) ? describe : describe.skip;

  describeOnLinux('is found by TCP keep-alive, too', () => {
    it('whose timer runs on every connection', async () => {
      const { pool } = await createPool();
      const port = relay.port.toString(16).toUpperCase().padStart(4, '0');
      const timers = readFileSync(sockets, 'utf8')
        .split('\n')
        .map((line) => line.trim().split(/\s+/))
        // Those that are connected (01) to the relay. Timer 02 is that of keep-alive.
        .filter(([, , remote, state]) => remote?.endsWith(`:${port}`) && state === '01')
        .map((fields) => fields[5]?.slice(0, 2));
      expect(timers).toEqual(['02', '02']);
      await pool.end();
    });
  });
});

describe('a report of the health indicator', () => {
  it.each([
    ['never answers', () => new Promise<never>(() => undefined)],
    ['answers with no error at all', () => Promise.reject(undefined as unknown as Error)],
  ])('comes within the deadline of each caller when the driver %s', async (_, probe) => {
    const clock = new ManualClock();
    const factory = { verifiesServers: () => true, probe: () => probe() };
    const indicator = new EntraDataSourceHealthIndicator(
      factory as unknown as ConstructorParameters<typeof EntraDataSourceHealthIndicator>[0],
      clock,
    );
    void indicator.isHealthy('database', { timeoutInMs: 60_000 });
    const second = indicator.isHealthy('database', { timeoutInMs: 100 });
    await clock.advance(100);
    expect(await second).toMatchObject({ database: { status: 'down', message: expect.any(String) } });
  });
});
