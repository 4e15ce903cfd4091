import { randomUUID } from 'node:crypto';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DatabaseLoginRefusedError, EntraDataSourceHealthIndicator } from 'nestjs-entra-auth';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';
import type pg from 'pg';
import { DataSource, type DataSourceOptions } from 'typeorm';

import { ManualClock } from '../../../lib/testing/manual-clock.js';
import { describeWith } from '../../support/installed-server.js';
import { createDataSourceFactory } from '../../support/local-database.js';
import { PgBouncer } from '../../support/pgbouncer.js';
import { ScriptedPostgres } from '../../support/scripted-postgres.js';
import { databaseToken, databaseTokenOf } from '../../support/tokens.js';
import { trustLocalUsers } from '../../support/trusting-postgres.js';

/** A data source whose credential has another token on each call, and that counts the calls. */
function createSetup(
  dataSource: object,
  tokenOf: (call: number) => string = () => databaseToken(randomUUID()),
) {
  const clock = new ManualClock();
  const tokens: string[] = [];
  const getToken = () => {
    tokens.push(tokenOf(tokens.length));
    return Promise.resolve({ token: tokens.at(-1)!, expiresOnTimestamp: clock.now() + 3_600_000 });
  };
  const setup = createDataSourceFactory({
    credential: { getToken },
    dataSource: dataSource as Parameters<typeof createDataSourceFactory>[0]['dataSource'] & object,
    clock,
    startup: 'lazy',
  });
  const connect = async (): Promise<DataSource> =>
    new DataSource((await setup.factory.createTypeOrmOptions()) as DataSourceOptions).initialize();
  /** The pool alone: TypeORM asks questions that a scripted server cannot answer. */
  const createPool = async (): Promise<pg.Pool> => {
    const made = (await setup.factory.createTypeOrmOptions()) as unknown as pg.PoolConfig & {
      driver: typeof pg;
    };
    const { driver, host, port, database, ssl, password } = made;
    return new driver.Pool({ host, port, user: 'app', database, ssl, password, max: 2 });
  };
  const errorOf = (): Promise<unknown> => connect().catch((error: unknown) => error);
  return { ...setup, clock, tokens, connect, createPool, errorOf };
}

describe('a server that refuses logins in words of its own', () => {
  let server: ScriptedPostgres;

  beforeAll(async () => {
    server = await ScriptedPostgres.start();
  });

  beforeEach(() => server.reset());

  afterAll(() => server.stop());

  const refuseFirst = (code: string, message: string): void => {
    server.refusePassword = (password) => (password === server.passwords[0] ? { code, message } : undefined);
  };

  it.each([
    ['28P01', 'password authentication failed for user "app"'],
    ['08P01', 'password authentication failed'],
    ['08P01', 'client sent partial pkt in startup phase'],
    ['XX000', 'Tenant or user not found'],
  ])('is given another token after %s "%s"', async (code, message) => {
    refuseFirst(code, message);
    const { createPool, tokens, logins } = createSetup(server.dataSource);
    const pool = await createPool();
    await pool.query('select 1');
    await pool.end();
    expect(server.passwords).toEqual(tokens);
    expect(tokens).toHaveLength(2);
    expect(logins.map(({ outcome }) => outcome)).toEqual(['refused', 'accepted']);
  });

  it.each([
    ['57P03', 'the database system is starting up'],
    ['53300', 'sorry, too many clients already'],
    ['3D000', 'database "notes" does not exist'],
    ['08P01', 'no more connections allowed (max_client_conn)'],
  ])('keeps its own error, and costs no token, for %s "%s"', async (code, message) => {
    refuseFirst(code, message);
    const { errorOf, tokens, logins } = createSetup(server.dataSource);
    expect(await errorOf()).toMatchObject({ code, message });
    expect(tokens).toHaveLength(1);
    expect(logins.map(({ outcome }) => outcome)).toEqual(['failed']);
  });

  it('that refuses every token is not asked a third time, and costs two tokens', async () => {
    server.refusePassword = () => ({ code: '08P01', message: 'password authentication failed' });
    const { errorOf, tokens } = createSetup(server.dataSource);
    for (let login = 0; login < 5; login++) {
      expect(await errorOf()).toMatchObject({
        code: 'ENTRA_LOGIN_REFUSED',
        sqlState: '08P01',
        role: 'app',
        message: expect.stringMatching(
          /pooler refused the login of the role "app".*obtained 0 s ago.*port 5432/,
        ),
      });
    }
    expect(tokens).toHaveLength(2);
  });

  it('costs nothing when it answers a query with 08P01', async () => {
    const { createPool, tokens, logins } = createSetup(server.dataSource);
    const pool = await createPool();
    // One connection that fails, and one that an eviction would close.
    const idle = await pool.connect();
    const client = await pool.connect();
    idle.release();
    server.queryError = '08P01';
    for (let query = 0; query < 5; query++)
      await expect(client.query('select 1')).rejects.toMatchObject({ code: '08P01' });
    server.queryError = undefined;
    await client.query('select 1');
    client.release();
    expect([pool.totalCount, pool.idleCount]).toEqual([2, 2]);
    await pool.end();
    expect([tokens.length, logins.length]).toEqual([1, 2]);
  });
});

describeWith({ program: 'pgbouncer', debianPackage: 'pgbouncer' })('a real PgBouncer', () => {
  let entra: LocalEntra;
  let pooler: PgBouncer;

  beforeAll(async () => {
    entra = await startLocalEntra({ postgres: true });
    await trustLocalUsers(entra.postgres);
    const { host: socketDirectory, user: superuser, database } = entra.postgres.adminClientConfig;
    const settings = { max_client_conn: '20' };
    pooler = await PgBouncer.start({ socketDirectory, superuser, database, settings });
  });

  afterEach(() => pooler.accept('app', 'no token is this one'));

  afterAll(async () => {
    await pooler?.stop();
    await entra?.stop();
  });

  const dataSource = () => ({
    type: 'postgres',
    host: pooler.host,
    port: pooler.port,
    username: 'app',
    database: pooler.database,
    ssl: { ca: pooler.certificateAuthority },
    poolSize: 3,
  });

  it('is given another token after it refused one, by the pool and by a probe', async () => {
    await pooler.accept('app', databaseToken('second'));
    const tokenOf = (call: number): string => databaseToken(['first', 'second'][call] ?? 'none');
    const pool = createSetup(dataSource(), tokenOf);
    const connected = await pool.connect();
    await connected.query('select 1');
    await connected.destroy();
    expect(pool.logins.map(({ outcome }) => outcome).slice(0, 2)).toEqual(['refused', 'accepted']);
    const probe = createSetup(dataSource(), tokenOf);
    const health = new EntraDataSourceHealthIndicator(probe.dataSources, probe.clock);
    expect(await health.isHealthy('database')).toMatchObject({ database: { status: 'up' } });
    expect([pool.tokens.length, probe.tokens.length]).toEqual([2, 2]);
  });

  it.each([
    [2_048, /has 2048 bytes, and PgBouncer takes no more than 2047.*port 5432/],
    [5_000, /has 5000 bytes, and PgBouncer takes no more than 2047.*port 5432/],
  ])('cannot take a token of %i bytes, and the error reports it', async (size, message) => {
    const token = databaseTokenOf(size);
    await pooler.accept('app', token.slice(0, 2_047));
    const error = await createSetup(dataSource(), () => token).errorOf();
    expect(error).toBeInstanceOf(DatabaseLoginRefusedError);
    expect(error).toMatchObject({ sqlState: '08P01', message: expect.stringMatching(message) });
  });

  it('takes a token of 2,047 bytes', async () => {
    const token = databaseTokenOf(2_047);
    await pooler.accept('app', token);
    await (await createSetup(dataSource(), () => token).connect()).destroy();
  });

  it('costs no token for a database that it does not know', async () => {
    const token = databaseToken('only');
    await pooler.accept('app', token);
    const { errorOf, tokens } = createSetup({ ...dataSource(), database: 'nope' }, () => token);
    expect(await errorOf()).toMatchObject({ code: '08P01', message: 'no such database: nope' });
    expect(tokens).toHaveLength(1);
  });
});

describe('a real PostgreSQL', () => {
  let entra: LocalEntra;

  beforeAll(async () => {
    entra = await startLocalEntra({ postgres: true });
    await entra.postgres.query('create role app login');
    await trustLocalUsers(entra.postgres, { passwordFor: 'app' });
  });

  afterAll(() => entra.stop());

  const errorFor = (size: number): Promise<unknown> => {
    const { host, database } = entra.postgres.adminClientConfig;
    const socket = {
      type: 'postgres',
      host,
      database,
      username: 'app',
      dangerouslySendTokenWithoutVerifiedTls: true,
    };
    return createSetup(socket, () => databaseTokenOf(size)).errorOf();
  };

  it('looks at a token of 65,530 bytes', async () => {
    expect(await errorFor(65_530)).toMatchObject({ code: 'ENTRA_LOGIN_REFUSED', sqlState: '28P01' });
  });

  it('ends the connection for a longer one, and the error reports why', async () => {
    expect(await errorFor(65_531)).toMatchObject({
      code: 'ENTRA_LOGIN_REFUSED',
      sqlState: undefined,
      message: expect.stringMatching(/has 65531 bytes, and PostgreSQL takes no more than 65530/),
    });
  });
});
