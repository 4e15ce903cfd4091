import type { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import {
  createEntraDataSource,
  DatabaseLoginRefusedError,
  EntraDataSourceHealthIndicator,
  type AccessToken,
} from 'nestjs-entra-auth';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';
import type { DataSource } from 'typeorm';

import { connectDataSource } from '../../../lib/cli/doctor/check-data-source.js';
import { systemClock } from '../../../lib/common/clock.js';
import { describeWith } from '../../support/installed-server.js';
import { HandMadeCredential } from '../../support/local-database.js';
import type { LocalMySql } from '../../support/mysql/local-mysql.js';
import { mariaDbServer } from '../../support/mysql/maria-db.js';
import { ask, connect, MySqlSetup } from '../../support/mysql/mysql-setup.js';
import { SecretScan } from '../../support/secret-scan.js';
import { whatEndsTheProcess } from '../../support/what-ends-the-process.js';

let entra: LocalEntra;
let mysql: MySqlSetup;
let gate: LocalMySql;

/** The connections of mysql2's pool. */
interface Connections {
  get(index: number): EventEmitter;
}

const slow = 'select connection_id() + sleep(0.1) as value';

/** Opens so many connections of the pool at once. */
const many = (dataSource: DataSource, count: number): Promise<string[]> =>
  Promise.all(Array.from({ length: count }, () => ask(dataSource, slow)));

describeWith(mariaDbServer)('a data source of MySQL', () => {
  beforeAll(async () => {
    entra = await startLocalEntra();
    mysql = await MySqlSetup.start(entra);
    gate = await mysql.gate();
  });

  afterAll(async () => {
    await gate?.[Symbol.asyncDispose]();
    await mysql?.[Symbol.asyncDispose]();
    await entra?.stop();
  });

  it('logs in with a token outside Nest, and runs queries and transactions', async () => {
    const credential = new HandMadeCredential(entra);
    const dataSource = await createEntraDataSource({ credential, dataSource: mysql.dataSource(gate) });
    await dataSource.initialize();
    expect(await ask(dataSource, 'select current_user() as value')).toBe(`${entra.client.name}@localhost`);
    await dataSource.query('create table notes (id int primary key, text varchar(20))');
    await dataSource.transaction((manager) => manager.query("insert into notes values (1, 'one')"));
    expect(await dataSource.query('select * from notes')).toEqual([{ id: 1, text: 'one' }]);
    await dataSource.destroy();
    expect(credential.calls).toBe(1);
  });

  it('presents the token that is held at each new connection', async () => {
    const setup = mysql.create(gate, { poolSize: 4 });
    const dataSource = await connect(setup);
    const before = gate.passwords;
    const first = (await setup.service.getToken('mysql')).token;
    await many(dataSource, 2);
    await setup.service.refresh('mysql');
    mysql.revoked.add(first);
    await many(dataSource, 4);
    const second = (await setup.service.getToken('mysql')).token;
    expect(gate.presented.slice(before)).toEqual([first, second, second]);
    await dataSource.destroy();
    expect(setup.logins.map(({ outcome }) => outcome)).toEqual([
      'accepted',
      'accepted',
      'accepted',
      'accepted',
    ]);
    expect(setup.logins[0]).toMatchObject({
      dataSource: 'default',
      resource: 'mysql',
      role: entra.client.name,
      host: 'localhost',
      tokenExpiresAt: expect.any(Date),
    });
  });

  it('logs each new connection in over three lives of tokens, without a refusal', async () => {
    const lifetimeInSeconds = 3;
    const credential = new HandMadeCredential(entra, { lifetimeInSeconds });
    const setup = mysql.create(gate, { poolSize: 2 }, { credential });
    const dataSource = await connect(setup);
    const before = gate.passwords;
    const end = Date.now() + 3 * lifetimeInSeconds * 1000;
    while (Date.now() < end) {
      const runner = dataSource.createQueryRunner();
      const connection = (await runner.connect()) as { destroy: () => void };
      expect(await runner.query('select 1 as one')).toEqual([{ one: 1 }]);
      // The pool makes a new one in its place.
      connection.destroy();
      await runner.release();
      await sleep(20);
    }
    await dataSource.destroy();
    const presented = gate.presented.slice(before);
    expect(presented.length).toBeGreaterThan(20);
    expect(new Set(presented).size).toBeGreaterThanOrEqual(3);
    expect(setup.logins.filter(({ outcome }) => outcome !== 'accepted')).toEqual([]);
  });

  it('leaves the token nowhere, in the driver, its connections, its errors', async () => {
    const setup = mysql.create(gate, { poolSize: 2 });
    const dataSource = await connect(setup);
    const scan = new SecretScan({ token: (await setup.service.getToken('mysql')).token });
    scan.text('driver', inspect(dataSource.driver, { depth: 12, showHidden: true }));
    scan.value('logins', setup.logins);
    scan.value('options', await setup.factory.createTypeOrmOptions());
    await dataSource.destroy();
    expect(scan.leaks()).toEqual([]);
    expect(scan.length).toBeGreaterThan(10_000);
  });

  it('finds its user in the token when it has no username', async () => {
    const credential = new HandMadeCredential(entra, { claims: { upn: entra.client.name } });
    const { username: _, ...dataSource } = mysql.dataSource(gate);
    const connected = await (await createEntraDataSource({ credential, dataSource })).initialize();
    expect(await ask(connected, 'select current_user() as value')).toBe(`${entra.client.name}@localhost`);
    await connected.destroy();
  });

  it('asks for a username when the token names one that MySQL does not take', async () => {
    const credential = new HandMadeCredential(entra, { claims: { upn: 'x'.repeat(33) } });
    const { username: _, ...dataSource } = mysql.dataSource(gate);
    await expect(createEntraDataSource({ credential, dataSource })).rejects.toMatchObject({
      code: 'ENTRA_ROLE_NAME_UNKNOWN',
      message: expect.stringMatching(/32 characters at most.*select user from mysql\.user;/),
    });
  });

  it('goes on while the token endpoint is down and a token is held', async () => {
    let isDown = false;
    const issuing = new HandMadeCredential(entra);
    const getToken = (): Promise<AccessToken> =>
      isDown ? Promise.reject(new Error('AADSTS90033: down')) : issuing.getToken();
    const setup = mysql.create(gate, { poolSize: 6 }, { credential: { getToken } });
    const dataSource = await connect(setup);
    isDown = true;
    await setup.service.refresh('mysql').catch(() => undefined);
    expect(new Set(await many(dataSource, 6)).size).toBe(6);
    await dataSource.destroy();
    expect(setup.logins.every(({ outcome }) => outcome === 'accepted')).toBe(true);
  });

  it('repeats a refused login once with a new token', async () => {
    const setup = mysql.create(gate);
    mysql.revoked.add((await setup.service.getToken('mysql')).token);
    const dataSource = await connect(setup);
    await dataSource.destroy();
    expect(setup.logins.map(({ outcome }) => outcome)).toEqual(['refused', 'accepted']);
    expect(setup.credential.calls).toBe(2);
  });

  it('asks for one token however many logins are refused together', async () => {
    const setup = mysql.create(gate, { poolSize: 20 });
    const dataSource = await connect(setup);
    mysql.revoked.add((await setup.service.getToken('mysql')).token);
    await many(dataSource, 20);
    await dataSource.destroy();
    expect(setup.credential.calls).toBe(2);
    expect(setup.logins.filter(({ outcome }) => outcome === 'refused').length).toBeGreaterThan(0);
  });

  it('explains a wrong user, and does not hammer the token endpoint for it', async () => {
    const setup = mysql.create(gate, { username: "o'user" });
    const refused: unknown = await connect(setup).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(DatabaseLoginRefusedError);
    expect(refused).toMatchObject({
      sqlState: '28000',
      role: "o'user",
      resource: 'mysql',
      retryable: false,
      cause: { code: 'ER_ACCESS_DENIED_ERROR' },
      message: expect.stringMatching(/^MySQL refused the login of the role "o'user" to "notes" on localhost/),
      fix: expect.stringContaining(`CREATE AADUSER 'o''user' IDENTIFIED BY '${entra.client.clientId}';`),
    });
    for (let n = 0; n < 10; n++) await expect(connect(setup)).rejects.toThrow(DatabaseLoginRefusedError);
    expect(setup.credential.calls).toBe(2);
    const scan = new SecretScan();
    scan.value('error', refused);
    expect(scan.leaks()).toEqual([]);
  });

  it('passes an error on that is not about the login', async () => {
    const setup = mysql.create(gate, { database: 'none' });
    await expect(connect(setup)).rejects.toMatchObject({ code: 'ER_DBACCESS_DENIED_ERROR' });
  });

  it('names a server that refuses connections, and boot tries it again', async () => {
    const setup = mysql.create(gate, { port: 1 });
    const error: unknown = await connect(setup).catch((unreachable: unknown) => unreachable);
    expect(error).toMatchObject({
      code: 'ENTRA_DATABASE_UNREACHABLE',
      retryable: true,
      message: expect.stringMatching(/^Could not connect to MySQL at localhost:1 .*ECONNREFUSED/),
    });
    expect((await setup.factory.createTypeOrmOptions()).toRetry?.(error)).toBe(true);
  });

  it('gives a server up at the deadline that does not answer, and lets go of the socket', async () => {
    const setup = mysql.create(gate, { connectTimeout: 200 });
    gate.silent = true;
    try {
      await expect(connect(setup)).rejects.toMatchObject({ code: 'ENTRA_DATABASE_UNREACHABLE' });
      while (gate.connections > 0) await sleep(5);
    } finally {
      gate.silent = false;
    }
  });

  it('gives a token up that does not come, before the deadline of the login', async () => {
    const getToken = (): Promise<AccessToken> => new Promise(() => undefined);
    const options = { credential: { getToken }, startup: 'lazy' } as const;
    const setup = mysql.create(gate, { connectTimeout: 2_000 }, options);
    await expect(connect(setup)).rejects.toMatchObject({
      code: 'ENTRA_TIMEOUT',
      message: expect.stringContaining('Waiting for the access token of the resource "mysql"'),
    });
    while (gate.connections > 0) await sleep(5);
    await setup.service.onApplicationShutdown();
  });

  it('is healthy when a new login is accepted, which leaves no session behind', async () => {
    const setup = mysql.create(gate);
    const sessions = (): Promise<number> => mysql.mariaDb.sessions(entra.client.name);
    const before = await sessions();
    const indicator = new EntraDataSourceHealthIndicator(setup.dataSources, systemClock);
    expect(await indicator.isHealthy('database')).toMatchObject({ database: { status: 'up' } });
    expect(setup.logins).toHaveLength(1);
    // The server ends a session in its own time after the goodbye.
    while ((await sessions()) > before) await sleep(5);
  });

  it('is down when a new login is refused, with the remedy', async () => {
    const setup = mysql.create(gate, { username: 'nobody' });
    const indicator = new EntraDataSourceHealthIndicator(setup.dataSources, systemClock);
    expect(await indicator.isHealthy('database')).toMatchObject({
      database: { status: 'down', remedy: expect.stringContaining("CREATE AADUSER 'nobody'") },
    });
  });

  it('is down at the deadline of a probe when the server is silent', async () => {
    const setup = mysql.create(gate);
    const indicator = new EntraDataSourceHealthIndicator(setup.dataSources, systemClock);
    await setup.service.getToken('mysql');
    gate.silent = true;
    try {
      expect(await indicator.isHealthy('database', { timeoutInMs: 200 })).toMatchObject({
        database: { status: 'down', message: expect.stringContaining('took longer than 200 ms') },
      });
      while (gate.connections > 0) await sleep(5);
    } finally {
      gate.silent = false;
    }
  });

  it('reports and closes idle connections that a load balancer has forgotten', async () => {
    const setup = mysql.create(gate, { poolSize: 3 });
    const dataSource = await connect(setup);
    const idle = new Set(await many(dataSource, 3)).size;
    gate.forget();
    const indicator = new EntraDataSourceHealthIndicator(setup.dataSources, systemClock);
    expect(await indicator.isHealthy('database')).toMatchObject({
      database: { status: 'up', silentConnections: idle },
    });
    expect(await ask(dataSource, 'select 1 as value')).toBe('1');
    await dataSource.destroy();
  });

  it('replaces a connection that the server ends, and outlives more than one error of it', async () => {
    const dataSource = await connect(mysql.create(gate, { poolSize: 1 }));
    const first = await ask(dataSource, 'select connection_id() as value');
    const { _allConnections: all } = (
      dataSource.driver as unknown as { pool: { _allConnections: Connections } }
    ).pool;
    const connection = all.get(0);
    const ends = await whatEndsTheProcess(async () => {
      await mysql.mariaDb.query(`kill ${first}`);
      while (gate.connections > 0) await sleep(5);
      for (let n = 0; n < 2; n++) connection.emit('error', new Error('read ECONNRESET'));
    });
    expect(ends).toEqual([]);
    expect(await ask(dataSource, 'select connection_id() as value')).not.toBe(first);
    await dataSource.destroy();
  });

  it('is connected by the doctor, who names the server, and what is wrong with the user', async () => {
    const credential = new HandMadeCredential(entra);
    const dataSource = mysql.dataSource(gate);
    const right = await createEntraDataSource({ credential, dataSource });
    expect(await connectDataSource(right)).toEqual([
      expect.objectContaining({
        status: 'ok',
        text: `The data source connects to MySQL at localhost:${gate.port} with its own credential.`,
      }),
    ]);
    const wrong = await createEntraDataSource({
      credential,
      dataSource: { ...dataSource, username: 'nobody' },
    });
    expect(await connectDataSource(wrong)).toEqual([
      expect.objectContaining({
        status: 'fail',
        code: 'ENTRA_LOGIN_REFUSED',
        text: expect.stringContaining('MySQL refused the login of the role "nobody"'),
        remedy: expect.stringContaining("CREATE AADUSER 'nobody'"),
      }),
    ]);
  });
});
