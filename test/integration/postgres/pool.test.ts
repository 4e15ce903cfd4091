import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { LoginEvent } from 'nestjs-entra-auth';
import pg from 'pg';

import type { TokenEngine } from '../../../lib/engine/token-engine.js';
import { createEntraDriver } from '../../../lib/postgres/entra-driver.js';
import { EntraLogin } from '../../../lib/postgres/entra-login.js';
import { resolveDataSources } from '../../support/resolve-postgres.js';
import { deferred } from '../../../lib/common/deadline.js';
import { ManualClock } from '../../../lib/testing/manual-clock.js';
import { createDataSourceFactory } from '../../support/local-database.js';
import { ScriptedPostgres } from '../../support/scripted-postgres.js';
import { databaseToken } from '../../support/tokens.js';

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

interface Driver {
  driver: typeof pg;
  config: pg.PoolConfig;
  logins: LoginEvent[];
  engine: TokenEngine;
}

/** @param arrival when the token comes */
async function createDriver(arrival: Promise<void> = Promise.resolve()): Promise<Driver> {
  const credential = {
    getToken: async () => {
      await arrival;
      return { token: databaseToken('only'), expiresOnTimestamp: clock.now() + 3_600_000 };
    },
  };
  const { factory, logins, engine } = createDataSourceFactory({
    credential,
    dataSource: server.dataSource,
    clock,
    startup: 'lazy',
  });
  const made = (await factory.createTypeOrmOptions()) as unknown as pg.PoolConfig & { driver: typeof pg };
  const { driver, host, port, ssl, password } = made;
  const { username: user, database } = server.dataSource;
  return { driver, config: { host, port, user, database, ssl, password }, logins, engine };
}

async function createPool(max: number, arrival?: Promise<void>): Promise<EntraPool> {
  const { driver, config } = await createDriver(arrival);
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

  it('closes the idle connections that are retired, whether anybody wants another or not', async () => {
    const pool = await createPool(2);
    const clients = [await pool.connect(), await pool.connect()];
    for (const client of clients) client.release();
    pool.evictConnections();
    await new Promise((resolve) => setImmediate(resolve));
    expect(pool.totalCount).toBe(0);
    await until(() => server.sessions === 0);
    await pool.end();
    expect(server.logins).toBe(2);
  });

  it('retires no connection for what is said to one that was retired before', async () => {
    const pool = await createPool(2);
    const old = await pool.connect();
    pool.evictConnections();
    const young = await pool.connect();
    young.release();
    server.queryError = '25006';
    await expect(old.query('create table t ()')).rejects.toMatchObject({ code: '25006' });
    old.release();
    const next = await pool.connect();
    expect(next).toBe(young);
    next.release();
    await pool.end();
  });

  it('retires a login that is under way, too: it serves the one who waits for it, and is closed then', async () => {
    const token = deferred<void>();
    const pool = await createPool(1, token.promise);
    const waiting = pool.connect();
    await until(() => server.asked === 1);
    pool.evictConnections();
    token.resolve();
    const first = await waiting;
    expect((await first.query('select')).rowCount).toBe(0);
    first.release();
    const second = await pool.connect();
    expect(second).not.toBe(first);
    second.release();
    await pool.end();
    expect(server.logins).toBe(2);
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

  it('retires its connections once in five seconds, however often the server reports that it is read-only', async () => {
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

/** A driver that asks for the password as those before pg 8.14 do: without a word about the connection. */
class TaciturnClient extends pg.Client {
  override connect(): Promise<pg.Client>;
  override connect(callback: (error: Error) => void): void;
  override connect(callback?: (error: Error) => void): Promise<pg.Client> | void {
    const ask = Reflect.get(this, 'password') as unknown as () => Promise<string>;
    Reflect.set(this, 'password', () => ask());
    return callback === undefined ? super.connect() : super.connect(callback);
  }
}

describe('a client of a data source', () => {
  it('knows its token and its target also with a driver that does not pass them', async () => {
    const { config, engine } = await createDriver();
    const [dataSource] = resolveDataSources(server.dataSource).values();
    const logins: LoginEvent[] = [];
    const onLogin = (event: () => LoginEvent) => logins.push(event());
    const login = new EntraLogin(dataSource!, { tokens: engine, clock, onLogin, retryInMs: 300_000 });
    const driver = createEntraDriver({ ...pg, Client: TaciturnClient }, login, clock);
    const password = login.password as () => Promise<string>;
    const client = new driver.Client({ ...config, password });
    await client.connect();
    await client.end();
    expect(logins).toEqual([
      expect.objectContaining({ outcome: 'accepted', tokenExpiresAt: expect.any(Date) }),
    ]);
    const elsewhere = new driver.Client({ ...config, password, host: '127.0.0.1' });
    await expect(elsewhere.connect()).rejects.toMatchObject({ code: 'ENTRA_INSECURE_CONNECTION' });
    expect(server.logins).toBe(1);
  });

  it('reports once a login that the server ended while the token was awaited', async () => {
    const token = deferred<void>();
    const { driver, config, logins } = await createDriver(token.promise);
    const client = new driver.Client(config);
    const answers: unknown[] = [];
    client.connect((error: Error) => answers.push(error));
    await until(() => server.asked === 1);
    server.reset();
    await until(() => answers.length === 1);
    token.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    expect(answers).toEqual([expect.objectContaining({ code: 'ENTRA_DATABASE_UNREACHABLE' })]);
    expect(logins).toEqual([expect.objectContaining({ outcome: 'failed', error: answers[0] })]);
  });

  it('refuses to connect twice, and keeps the connection that it has', async () => {
    const { driver, config } = await createDriver();
    const client = new driver.Client(config);
    await client.connect();
    await expect(client.connect()).rejects.toThrow(/already been connected/);
    expect((await client.query('select')).rowCount).toBe(0);
    await client.end();
  });
});
