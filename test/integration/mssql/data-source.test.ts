import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createEntraDataSource, EntraDataSourceHealthIndicator, type AccessToken } from 'nestjs-entra-auth';
import { startLocalEntra, ManualClock, type LocalEntra } from 'nestjs-entra-auth/testing';
import type { DataSource } from 'typeorm';

import { connectDataSource } from '../../../lib/cli/doctor/check-data-source.js';
import { systemClock } from '../../../lib/common/clock.js';
import { SecretScan } from '../../support/secret-scan.js';
import type { LocalSqlServer } from '../../support/sql-server/local-sql-server.js';
import { ask, connect, MsSqlSetup } from '../../support/sql-server/mssql-setup.js';
import { refusals, SqlRefusal, loginFailed } from '../../support/sql-server/sql-refusal.js';
import { whatEndsTheProcess } from '../../support/what-ends-the-process.js';

let clock: ManualClock;
let entra: LocalEntra;
let sql: MsSqlSetup;
let server: LocalSqlServer;

const spid = 'select @@spid as value';

/** Opens so many connections of the pool at once. */
async function many(dataSource: DataSource, count: number): Promise<string[]> {
  let open: () => void = () => undefined;
  server.busyUntil = new Promise((resolve) => (open = () => resolve(undefined)));
  const answers = Promise.all(Array.from({ length: count }, () => ask(dataSource, spid)));
  while (server.waiting < count) await sleep(1);
  open();
  return answers;
}

beforeAll(async () => {
  clock = new ManualClock();
  entra = await startLocalEntra({ clock: { now: () => clock.now() } });
  sql = new MsSqlSetup(entra, () => clock.now());
  server = await sql.server();
});

afterEach(() => {
  server.blocked = undefined;
  server.busyUntil = Promise.resolve();
  server.presented.length = 0;
});

afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await entra?.stop();
});

describe('a data source of Azure SQL', () => {
  it('logs in with a token outside Nest, and runs queries and transactions', async () => {
    const credential = sql.credential();
    const dataSource = await createEntraDataSource({ credential, clock, dataSource: sql.dataSource(server) });
    await dataSource.initialize();
    expect(await ask(dataSource, spid)).toMatch(/^\d+$/);
    await dataSource.transaction((manager) => manager.query('insert into notes values (1)'));
    await dataSource.destroy();
    expect(credential.calls).toBe(1);
  });

  it('presents the token that is held at each new connection', async () => {
    const setup = sql.create(server, { pool: { max: 4 } }, { clock });
    const dataSource = await connect(setup);
    const first = (await setup.service.getToken('sql')).token;
    // mssql logs in once to see whether it can, and again for the first query.
    expect(server.presented).toEqual([first, first]);
    await setup.service.refresh('sql');
    sql.revoked.add(first);
    await many(dataSource, 2);
    const second = (await setup.service.getToken('sql')).token;
    expect(server.presented.slice(2)).toEqual([second]);
    await dataSource.destroy();
    expect(setup.logins.map(({ outcome }) => outcome)).toEqual(['accepted', 'accepted', 'accepted']);
    expect(setup.logins[0]).toEqual({
      dataSource: 'default',
      resource: 'sql',
      host: 'localhost',
      at: expect.any(Date),
      durationInMs: expect.any(Number),
      outcome: 'accepted',
      tokenExpiresAt: expect.any(Date),
    });
  });

  it('logs each new connection in over five lives of tokens, without a refusal or a wait for the endpoint', async () => {
    const lifetimeInSeconds = 3600;
    const credential = sql.credential({ lifetimeInSeconds });
    const setup = sql.create(server, { pool: { max: 1 } }, { credential, clock });
    const dataSource = await connect(setup);
    for (let step = 0; step < 5 * 8; step++) {
      await clock.advance((lifetimeInSeconds * 1000) / 8);
      // The service refreshes in the background at half of a life, and is without an endpoint in between.
      if (step % 4 === 3) await setup.service.refresh('sql');
      // mssql finds it closed, and makes a new one in its place.
      closeIdle(dataSource);
      expect(await ask(dataSource, spid)).toMatch(/^\d+$/);
    }
    await dataSource.destroy();
    expect(server.presented.length).toBeGreaterThanOrEqual(40);
    expect(new Set(server.presented).size).toBe(11);
    expect(setup.logins.filter(({ outcome }) => outcome !== 'accepted')).toEqual([]);
  });

  it('leaves the token nowhere, in the driver, its connections, its errors', async () => {
    const setup = sql.create(server, { pool: { max: 2 } }, { clock });
    const dataSource = await connect(setup);
    const scan = new SecretScan({ token: (await setup.service.getToken('sql')).token });
    scan.text('driver', inspect(dataSource.driver, { depth: 12, showHidden: true }));
    scan.value('logins', setup.logins);
    scan.value('options', await setup.factory.createTypeOrmOptions());
    server.queryErrors.push(SqlRefusal.of(208, "Invalid object name 'nothing'."));
    scan.value('error', await dataSource.query('select').catch((error: unknown) => error));
    await dataSource.destroy();
    expect(scan.leaks()).toEqual([]);
    expect(scan.length).toBeGreaterThan(10_000);
  });

  it('goes on while the token endpoint is down and a token is held', async () => {
    let isDown = false;
    const issuing = sql.credential();
    const getToken = (): Promise<AccessToken> =>
      isDown ? Promise.reject(new Error('AADSTS90033: down')) : issuing.getToken();
    const setup = sql.create(server, { pool: { max: 6 } }, { credential: { getToken }, clock });
    const dataSource = await connect(setup);
    isDown = true;
    await setup.service.refresh('sql').catch(() => undefined);
    closeIdle(dataSource);
    expect(new Set(await many(dataSource, 6)).size).toBe(6);
    await dataSource.destroy();
    expect(setup.logins.every(({ outcome }) => outcome === 'accepted')).toBe(true);
  });

  it('replaces a connection that the server ends, and one whose token the server rejects in mid-session', async () => {
    const dataSource = await connect(sql.create(server, { pool: { max: 1 } }, { clock }));
    const first = await ask(dataSource, spid);
    const ends = await whatEndsTheProcess(async () => {
      server.endSessions();
      while (server.connections > 0) await sleep(1);
    });
    expect(ends).toEqual([]);
    const second = await ask(dataSource, spid);
    expect(second).not.toBe(first);
    // Azure SQL does so when it has lost what it knew of a session: the query, and what mssql asks before the next.
    const expired = SqlRefusal.of(18456, `${loginFailed} Token is expired.`, 233);
    server.queryErrors.push(new SqlRefusal([]), expired, expired);
    await expect(dataSource.query(spid)).rejects.toThrow('Token is expired.');
    expect(await ask(dataSource, spid)).not.toBe(second);
    await dataSource.destroy();
  });

  it('hands errors of the pool to the handler of TypeORM, which mssql does not know', async () => {
    const errors: unknown[] = [];
    const pool = { max: 1, errorHandler: (error: unknown) => errors.push(error) };
    const dataSource = await connect(sql.create(server, { pool }, { clock }));
    closeIdle(dataSource);
    server.blocked = refusals.firewall('local');
    await expect(ask(dataSource, spid)).rejects.toMatchObject({ code: 'ENTRA_LOGIN_REFUSED' });
    server.blocked = undefined;
    expect(errors).toEqual([expect.objectContaining({ code: 'ENTRA_LOGIN_REFUSED' })]);
    await dataSource.destroy();
  });

  it('leaves no connection and no timer when it is destroyed', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    const dataSource = await connect(sql.create(server, {}, { clock }));
    await many(dataSource, 3);
    await dataSource.destroy();
    while (server.connections > 0) await sleep(1);
    expect(timers()).toBeLessThanOrEqual(before);
  });

  it('is healthy when a new login is accepted, which leaves no session behind', async () => {
    const setup = sql.create(server, {}, { clock });
    const indicator = new EntraDataSourceHealthIndicator(setup.dataSources, clock);
    expect(await indicator.isHealthy('database')).toMatchObject({ database: { status: 'up' } });
    expect(setup.logins).toHaveLength(1);
    while (server.connections > 0) await sleep(1);
  });

  it('is down when a new login is refused, with the remedy', async () => {
    server.blocked = refusals.firewall('local');
    const setup = sql.create(server, {}, { clock });
    const indicator = new EntraDataSourceHealthIndicator(setup.dataSources, clock);
    expect(await indicator.isHealthy('database')).toMatchObject({
      database: { status: 'down', remedy: expect.stringContaining('firewall rules of the server') },
    });
    server.blocked = undefined;
  });

  it('is down at the deadline of a probe when the server is silent', async () => {
    const setup = sql.create(server, {}, { clock: systemClock });
    const indicator = new EntraDataSourceHealthIndicator(setup.dataSources, systemClock);
    server.silent = 'at once';
    try {
      expect(await indicator.isHealthy('database', { timeoutInMs: 200 })).toMatchObject({
        database: { status: 'down', message: expect.stringContaining('took longer than 200 ms') },
      });
      while (server.connections > 0) await sleep(1);
    } finally {
      server.silent = 'no';
    }
  });

  it.each(['inside', 'strict'] as const)(
    'is down when the server ends the connection of a probe in its query, and the process goes on: %s',
    async (transport) => {
      const local = transport === 'inside' ? server : await sql.server({ transport });
      const options = { encrypt: transport === 'inside' ? true : transport } as const;
      const setup = sql.create(local, { options }, { clock: systemClock });
      const indicator = new EntraDataSourceHealthIndicator(setup.dataSources, systemClock);
      local.busyUntil = new Promise(() => undefined);
      const ends = await whatEndsTheProcess(async () => {
        const health = setup.dataSources.probe(undefined, spid, 5_000).catch(String);
        while (local.waiting === 0) await sleep(1);
        local.endSessions();
        expect(await health).toContain('socket hang up');
        while (local.connections > 0) await sleep(1);
      });
      expect(ends).toEqual([]);
      local.busyUntil = Promise.resolve();
      expect(await indicator.isHealthy('database')).toMatchObject({ database: { status: 'up' } });
      if (local !== server) await local[Symbol.asyncDispose]();
    },
  );

  it('reports and closes idle connections that a load balancer has forgotten', async () => {
    const setup = sql.create(server, { pool: { max: 3 } }, { clock: systemClock });
    const dataSource = await connect(setup);
    closeIdle(dataSource);
    const idle = new Set(await many(dataSource, 3)).size;
    server.forget();
    const indicator = new EntraDataSourceHealthIndicator(setup.dataSources, systemClock);
    const health = indicator.isHealthy('database');
    // A query in the meantime waits for the connection that is asked, and gets another when that is closed.
    const meanwhile = ask(dataSource, spid);
    expect(await health).toMatchObject({ database: { status: 'up', silentConnections: idle } });
    expect(Number(await meanwhile)).toBeGreaterThan(0);
    await dataSource.destroy();
  });

  it('is connected by the doctor, who names the server, and what is wrong', async () => {
    const connected = async () =>
      connectDataSource(
        await createEntraDataSource({
          credential: sql.credential(),
          clock,
          dataSource: sql.dataSource(server),
        }),
      );
    expect(await connected()).toEqual([
      expect.objectContaining({
        status: 'ok',
        text: `The data source connects to Azure SQL at localhost:${server.port} with its own credential.`,
      }),
    ]);
    server.databases = ['other'];
    expect(await connected()).toEqual([
      expect.objectContaining({
        status: 'fail',
        code: 'ENTRA_LOGIN_REFUSED',
        text: expect.stringContaining('Azure SQL refused the login to "notes"'),
        remedy: expect.stringContaining('Check that the database "notes" exists'),
      }),
    ]);
    server.databases = [];
  });
});

/** Closes the idle connections of mssql's pool, as a server does that is restarted. */
function closeIdle(dataSource: DataSource): void {
  const { pool } = (dataSource.driver as unknown as { master: { pool: Tarn } }).master;
  for (const { resource } of pool.free) resource.close();
}

interface Tarn {
  free: { resource: { close(): void } }[];
}
