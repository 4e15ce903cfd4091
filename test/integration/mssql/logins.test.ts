import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { DatabaseLoginRefusedError, type AccessToken } from 'nestjs-entra-auth';
import { startLocalEntra, ManualClock, type LocalEntra } from 'nestjs-entra-auth/testing';

import { systemClock } from '../../../lib/common/clock.js';
import { SecretScan } from '../../support/secret-scan.js';
import type { LocalSqlServer } from '../../support/sql-server/local-sql-server.js';
import { ask, connect, MsSqlSetup } from '../../support/sql-server/mssql-setup.js';
import { loginFailed, refusals, SqlRefusal } from '../../support/sql-server/sql-refusal.js';
import { whatEndsTheProcess } from '../../support/what-ends-the-process.js';

let clock: ManualClock;
let entra: LocalEntra;
let sql: MsSqlSetup;
let server: LocalSqlServer;
let strict: LocalSqlServer;

/** By the clock of the test, not by that of the driver. */
const tooLong = 600_000;

/** The driver waits in real time before it tries anew what passes by itself. */
const impatient = { connectionRetryInterval: 1 } as object;

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

beforeAll(async () => {
  clock = new ManualClock();
  entra = await startLocalEntra({ clock: { now: () => clock.now() } });
  sql = new MsSqlSetup(entra, () => clock.now());
  server = await sql.server();
  strict = await sql.server({ transport: 'strict' });
});

afterEach(() => {
  sql.aheadInMs = 0;
  for (const each of [server, strict]) {
    each.blocked = undefined;
    each.silent = 'no';
    each.databases = [];
    each.presented.length = 0;
  }
});

afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await strict?.[Symbol.asyncDispose]();
  await entra?.stop();
});

describe('a login to Azure SQL that is refused', () => {
  it('is repeated once with a new token', async () => {
    const setup = sql.create(server, {}, { clock });
    sql.revoked.add((await setup.service.getToken('sql')).token);
    await (await connect(setup)).destroy();
    expect(setup.logins.map(({ outcome }) => outcome)).toEqual(['refused', 'accepted', 'accepted']);
    expect(setup.credential.calls).toBe(2);
  });

  it('asks for one token however many are refused together', async () => {
    const setup = sql.create(server, { pool: { max: 20 } }, { clock });
    const dataSource = await connect(setup);
    sql.revoked.add((await setup.service.getToken('sql')).token);
    let open: () => void = () => undefined;
    server.busyUntil = new Promise((resolve) => (open = () => resolve(undefined)));
    const answers = Promise.all(Array.from({ length: 20 }, () => ask(dataSource, 'select @@spid as value')));
    while (server.waiting < 20) await sleep(1);
    open();
    expect(new Set(await answers).size).toBe(20);
    await dataSource.destroy();
    expect(setup.credential.calls).toBe(2);
    expect(setup.logins.filter(({ outcome }) => outcome === 'refused').length).toBeGreaterThan(0);
  });

  it('is explained where the database has no such user, without hammering the token endpoint', async () => {
    const credential = sql.credential({ claims: { oid: 'somebody-else' } });
    const setup = sql.create(server, {}, { credential, clock });
    const refused = await failure(connect(setup));
    expect(refused).toBeInstanceOf(DatabaseLoginRefusedError);
    expect(refused).toMatchObject({
      errorNumber: 18456,
      sqlState: undefined,
      role: undefined,
      resource: 'sql',
      retryable: false,
      cause: { number: 18456, state: 1 },
      message: expect.stringMatching(
        /^Azure SQL refused the login to "notes" on localhost:\d+ .*\(error 18456: Login failed for user/,
      ),
      fix: expect.stringContaining('CREATE USER [<display name of the application>] FROM EXTERNAL PROVIDER;'),
    });
    for (let n = 0; n < 10; n++)
      expect(await failure(connect(setup))).toBeInstanceOf(DatabaseLoginRefusedError);
    expect(credential.calls).toBe(2);
    const scan = new SecretScan();
    scan.value('error', refused);
    expect(scan.leaks()).toEqual([]);
  });

  it.each<[string, () => void, object, RegExp]>([
    [
      'for its audience',
      () => undefined,
      { audience: 'https://graph.microsoft.com' },
      /scope of the resource "sql"/,
    ],
    ['for its end', () => (sql.aheadInMs = 7_200_000), {}, /correct that clock/],
    ['for its database', () => (server.databases = ['other']), {}, /Check that the database "notes" exists/],
    [
      'by the firewall',
      () => (server.blocked = refusals.firewall('local')),
      {},
      /firewall rules of the server/,
    ],
  ])('%s is explained', async (_, prepare, wanted, fix) => {
    prepare();
    const setup = sql.create(server, {}, { credential: sql.credential(wanted), clock });
    const refused = (await failure(connect(setup))) as DatabaseLoginRefusedError;
    expect(refused).toMatchObject({ code: 'ENTRA_LOGIN_REFUSED', fix: expect.stringMatching(fix) });
    expect(setup.logins.every(({ outcome }) => outcome === 'refused')).toBe(true);
    expect((await setup.factory.createTypeOrmOptions()).toRetry?.(refused)).toBe(false);
  });

  it('may pass where the database is paused: the driver tries again, and so does boot', async () => {
    server.blocked = refusals.paused('notes');
    const setup = sql.create(server, { options: impatient }, { clock });
    const error = await failure(connect(setup));
    expect(error).toMatchObject({
      code: 'ENTRA_DATABASE_UNREACHABLE',
      retryable: true,
      message: expect.stringContaining("Database 'notes' on server 'local' is not currently available"),
      cause: { number: 40613 },
    });
    expect((await setup.factory.createTypeOrmOptions()).toRetry?.(error)).toBe(true);
    server.blocked = undefined;
    await (await connect(setup)).destroy();
  });

  it('is explained by the last answer, where the driver has tried again', async () => {
    server.blockedFirst.push(refusals.paused('notes'));
    server.blocked = refusals.firewall('local');
    const refused = await failure(connect(sql.create(server, { options: impatient }, { clock })));
    expect(refused).toMatchObject({ code: 'ENTRA_LOGIN_REFUSED', errorNumber: 40615 });
  });

  it('hides the token, even if the server repeats it', async () => {
    const setup = sql.create(server, {}, { clock });
    const scan = new SecretScan();
    sql.onToken = (token) => {
      scan.protect({ [`token ${server.presented.length}`]: token });
      throw SqlRefusal.of(18456, `${loginFailed} The token was "${token}".`);
    };
    const error = await failure(connect(setup));
    sql.onToken = undefined;
    expect(error).toMatchObject({ code: 'ENTRA_LOGIN_REFUSED', errorNumber: 18456 });
    expect(server.presented).toHaveLength(2);
    scan.value('error', error);
    scan.value('logins', setup.logins);
    expect(scan.leaks()).toEqual([]);
  });
});

describe('a login to Azure SQL that does not end', () => {
  // tedious 19 keeps the timer of a login that waits for the rest of an answer.
  const { setTimeout: start } = globalThis;

  beforeAll(() => {
    globalThis.setTimeout = ((run: () => void, delay?: number) => {
      const timer = start(run, delay);
      if (delay !== undefined && delay >= tooLong) timer.unref();
      return timer;
    }) as typeof setTimeout;
  });

  afterAll(() => {
    globalThis.setTimeout = start;
  });

  it.each<[string, () => LocalSqlServer, LocalSqlServer['silent']]>([
    ['at once', () => server, 'at once'],
    ['at once, by TDS 8.0', () => strict, 'at once'],
    ['in the middle of its answer to the token', () => server, 'after the token'],
    ['in the middle of its answer to the token, by TDS 8.0', () => strict, 'after the token'],
  ])('is given up at its deadline when the server falls silent %s', async (_, where, silent) => {
    const given = where() === strict ? ({ options: { encrypt: 'strict' } } as const) : {};
    const setup = sql.create(where(), { ...given, connectionTimeout: tooLong }, { clock });
    await setup.service.getToken('sql');
    while (where().connections > 0) await sleep(1);
    where().silent = silent;
    const ends = await whatEndsTheProcess(async () => {
      const outcome = failure(connect(setup));
      while (silent === 'at once' ? where().connections === 0 : where().presented.length === 0)
        await sleep(1);
      await clock.advance(599_999);
      expect(where().connections).toBe(1);
      await clock.advance(1);
      expect(await outcome).toMatchObject({
        code: 'ENTRA_DATABASE_UNREACHABLE',
        message: expect.stringContaining('no login within 600000 ms'),
      });
      while (where().connections > 0) await sleep(1);
    });
    expect(ends).toEqual([]);
  });

  it('is given up before its deadline when no token comes', async () => {
    let giveUp: ((error: Error) => void) | undefined;
    const getToken = (): Promise<AccessToken> => new Promise((_, reject) => (giveUp = reject));
    const options = { credential: { getToken }, startup: 'lazy', clock } as const;
    const setup = sql.create(server, { connectionTimeout: 10_000 }, options);
    const outcome = failure(connect(setup));
    while (giveUp === undefined) await sleep(1);
    await clock.advance(8_000);
    expect(await outcome).toMatchObject({
      code: 'ENTRA_TIMEOUT',
      message: expect.stringContaining('Waiting for the access token of the resource "sql"'),
    });
    while (server.connections > 0) await sleep(1);
    giveUp(new Error('AADSTS90033: down'));
    await setup.service.onApplicationShutdown();
  });

  it('gives its caller the first refusal when the time ends during the second try', async () => {
    const setup = sql.create(server, { connectionTimeout: tooLong }, { clock });
    const { token } = await setup.service.getToken('sql');
    sql.revoked.add(token);
    // The first is answered, the second is not.
    sql.onToken = () => (server.silent = 'after the token');
    const outcome = failure(connect(setup));
    while (server.presented.length < 2) await sleep(1);
    sql.onToken = undefined;
    await clock.advance(tooLong);
    expect(await outcome).toMatchObject({ code: 'ENTRA_LOGIN_REFUSED', errorNumber: 18456 });
    while (server.connections > 0) await sleep(1);
  });

  it.each<[string, () => LocalSqlServer, 'strict' | true]>([
    ['TDS 7.4', () => server, true],
    ['TDS 8.0', () => strict, 'strict'],
  ])('gives it that refusal by the clock of the machine too: %s', async (_, where, encrypt) => {
    const setup = sql.create(
      where(),
      { connectionTimeout: 1_000, options: { encrypt } },
      { clock: systemClock },
    );
    sql.revoked.add((await setup.service.getToken('sql')).token);
    sql.onToken = () => (where().silent = 'at once');
    const error = await failure(connect(setup));
    sql.onToken = undefined;
    expect(error).toMatchObject({ code: 'ENTRA_LOGIN_REFUSED', errorNumber: 18456 });
    while (where().connections > 0) await sleep(1);
  });

  it('names a server that refuses connections, and boot tries it again', async () => {
    const setup = sql.create(server, { port: 1 }, { clock });
    const error = await failure(connect(setup));
    expect(error).toMatchObject({
      code: 'ENTRA_DATABASE_UNREACHABLE',
      retryable: true,
      message: expect.stringMatching(/^Could not connect to Azure SQL at localhost:1 .*ECONNREFUSED/),
    });
    expect((await setup.factory.createTypeOrmOptions()).toRetry?.(error)).toBe(true);
  });
});
