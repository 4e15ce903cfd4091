import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EntraDataSourceHealthIndicator, type AccessToken } from 'nestjs-entra-auth';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';

import { deferred } from '../../../lib/common/deadline.js';
import { ManualClock } from '../../../lib/testing/manual-clock.js';
import {
  createDataSourceFactory,
  HandMadeCredential,
  localDataSource,
} from '../../support/local-database.js';
import { ScriptedPostgres } from '../../support/scripted-postgres.js';
import { databaseToken } from '../../support/tokens.js';

let entra: LocalEntra;

beforeAll(async () => {
  entra = await startLocalEntra({ postgres: true });
});

afterAll(() => entra.stop());

function createIndicator(given: object = {}) {
  const clock = new ManualClock();
  const credential = new HandMadeCredential(entra, {}, clock.now);
  const dataSource = { ...localDataSource(entra), ...given };
  const setup = createDataSourceFactory({
    credential,
    refresh: { forcedRefreshCooldownInMs: 0 },
    dataSource,
    clock,
  });
  return {
    clock,
    credential,
    ...setup,
    indicator: new EntraDataSourceHealthIndicator(setup.dataSources, clock),
  };
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('EntraDataSourceHealthIndicator', () => {
  it('makes a login of its own, and leaves no connection behind', async () => {
    const { indicator, logins } = createIndicator();
    expect(await indicator.isHealthy('database')).toMatchObject({ database: { status: 'up' } });
    expect(logins).toHaveLength(1);
    const sessions = (): Promise<unknown[]> =>
      entra.postgres.query('select 1 from pg_stat_activity where usename = $1', [entra.client.name]);
    // The server ends a session in its own time after the goodbye.
    while ((await sessions()).length > 0) await nextTurn();
  });

  it('makes one login for any number of probes within five seconds', async () => {
    const { indicator, logins, clock } = createIndicator();
    await Promise.all(Array.from({ length: 50 }, () => indicator.isHealthy('database')));
    await clock.advance(4_999);
    await indicator.isHealthy('database');
    expect(logins).toHaveLength(1);
    await clock.advance(1);
    await indicator.isHealthy('database');
    expect(logins).toHaveLength(2);
  });

  it('makes another when the clock was set back, and keeps no result for a day', async () => {
    const { indicator, logins, clock } = createIndicator();
    await indicator.isHealthy('database');
    clock.jump(-60_000);
    await indicator.isHealthy('database');
    expect(logins).toHaveLength(2);
  });

  it('is down with the reason when a new login does not work', async () => {
    const { indicator } = createIndicator({ username: 'nobody-knows-me' });
    const { database } = await indicator.isHealthy('database');
    expect(database.status).toBe('down');
    expect(database.message).toMatch(/"nobody-knows-me".*pgaadauth_create_principal/);
  });

  it('knows from the probes before that another token does not help', async () => {
    const { indicator, credential, logins, clock } = createIndicator({ username: 'nobody-knows-me' });
    for (const refused of [2, 3, 4]) {
      await indicator.isHealthy('database');
      expect([logins.length, credential.calls]).toEqual([refused, 2]);
      await clock.advance(5_000);
    }
  });

  it('looks for the name of the role once', async () => {
    let looks = 0;
    const roleNameFromToken = (): string => {
      looks++;
      return entra.client.name;
    };
    const { indicator, clock } = createIndicator({ username: undefined, roleNameFromToken });
    for (let probe = 0; probe < 3; probe++) {
      expect(await indicator.isHealthy('database')).toMatchObject({ database: { status: 'up' } });
      await clock.advance(5_000);
    }
    expect(looks).toBe(1);
  });

  it('makes no second login after its deadline', async () => {
    const { indicator, service, credential, logins, clock } = createIndicator();
    entra.postgres.revoke((await service.getToken('postgres')).token);
    const another = await credential.getToken();
    const token = deferred<AccessToken>();
    let asked = false;
    credential.getToken = () => {
      asked = true;
      return token.promise;
    };
    const health = indicator.isHealthy('database');
    while (!asked) await nextTurn();
    await clock.advance(5_000);
    expect(await health).toMatchObject({ database: { status: 'down', durationInMs: 5_000 } });
    token.resolve(another);
    while ((await service.getToken('postgres')).token !== another.token) await nextTurn();
    // The next probe's login ends after that one, which would have begun before.
    await clock.advance(5_000);
    expect(await indicator.isHealthy('database')).toMatchObject({ database: { status: 'up' } });
    expect(logins.map(({ outcome }) => outcome)).toEqual(['refused', 'accepted']);
  });

  it('is up after each revocation, as soon as another token works', async () => {
    const { indicator, service, logins, clock } = createIndicator();
    await indicator.isHealthy('database');
    for (let revocation = 0; revocation < 2; revocation++) {
      entra.postgres.revoke((await service.getToken('postgres')).token);
      await clock.advance(5_000);
      expect(await indicator.isHealthy('database')).toMatchObject({ database: { status: 'up' } });
    }
    const again = ['refused', 'accepted'];
    expect(logins.map(({ outcome }) => outcome)).toEqual(['accepted', ...again, ...again]);
  });

  it('is down when there is no such data source', async () => {
    const { indicator } = createIndicator();
    const { database } = await indicator.isHealthy('database', { name: 'other' });
    expect(database).toMatchObject({ status: 'down', message: expect.stringContaining('"other"') });
  });
});

describe('a probe has one deadline', () => {
  let server: ScriptedPostgres;

  beforeAll(async () => {
    server = await ScriptedPostgres.start();
  });

  afterAll(() => server.stop());

  function createProbe({
    token,
    dataSource = {},
  }: { token?: Promise<AccessToken>; dataSource?: object } = {}) {
    server.reset();
    const clock = new ManualClock();
    const accessToken = { token: databaseToken('only'), expiresOnTimestamp: clock.now() + 3_600_000 };
    const { dataSources, logins } = createDataSourceFactory({
      startup: 'lazy',
      credential: { getToken: () => token ?? Promise.resolve(accessToken) },
      dataSource: { ...server.dataSource, ...dataSource },
      clock,
    });
    const indicator = new EntraDataSourceHealthIndicator(dataSources, clock);
    return {
      clock,
      logins,
      isHealthy: (timeoutInMs = 1_000) => indicator.isHealthy('database', { timeoutInMs }),
    };
  }

  it('does not wait for the answer to its goodbye', async () => {
    const { isHealthy, clock } = createProbe();
    server.ignoresGoodbye = true;
    expect(await isHealthy()).toMatchObject({ database: { status: 'up' } });
    while (server.unanswered === 0) await nextTurn();
    await clock.advance(5_000);
    while (clock.pendingTimers > 0) await nextTurn();
    expect(await isHealthy()).toMatchObject({ database: { status: 'up' } });
    expect(server.logins).toBe(2);
  });

  it('ends with it when the query is not answered, and leaves no connection', async () => {
    const { isHealthy, clock } = createProbe();
    server.ignoresQueries = true;
    const health = isHealthy();
    while (server.unanswered === 0) await nextTurn();
    await clock.advance(1_000);
    const { database } = await health;
    expect(database).toMatchObject({ status: 'down', durationInMs: 1_000 });
    expect(database.message).toMatch(/A login to localhost:\d+ .* took longer than 1000 ms/);
    while (server.sessions > 0) await nextTurn();
    expect(clock.pendingTimers).toBe(0);
  });

  it('ends with it when no server answers at all', async () => {
    const { isHealthy, clock } = createProbe({ dataSource: { connectTimeoutMS: 60_000 } });
    server.ignoresLogins = true;
    const health = isHealthy();
    while (server.unanswered === 0) await nextTurn();
    await clock.advance(1_000);
    expect(await health).toMatchObject({ database: { status: 'down', durationInMs: 1_000 } });
    while (server.sessions > 0) await nextTurn();
  });

  it.each([
    ['the password', {}],
    ['the name of the role', { username: undefined }],
  ])('ends with it when %s waits for a token', async (_what, dataSource) => {
    const never = new Promise<never>(() => undefined);
    const { isHealthy, clock } = createProbe({ token: never, dataSource });
    const health = isHealthy();
    await clock.advance(999);
    await clock.advance(1);
    const { database } = await health;
    expect(database).toMatchObject({ status: 'down', durationInMs: 1_000 });
    expect(database.message).toMatch(/access token of the resource "postgres" took longer than 1000 ms/);
    while (server.sessions > 0) await nextTurn();
  });

  it('logs in no more when the name of the role is found after it', async () => {
    const token = deferred<AccessToken>();
    const { isHealthy, clock, logins } = createProbe({
      token: token.promise,
      dataSource: { username: undefined, fallbackUsername: 'app' },
    });
    const health = isHealthy();
    await clock.advance(1_000);
    expect(await health).toMatchObject({ database: { status: 'down' } });
    token.resolve({ token: databaseToken('only'), expiresOnTimestamp: clock.now() + 3_600_000 });
    // It is asked for again, to look for a name in it; then a login would begin.
    for (let turn = 0; turn < 20; turn++) await nextTurn();
    expect([server.sessions, logins]).toEqual([0, []]);
  });

  it.each([0, -1, Infinity, NaN])('refuses the deadline %s', async (timeoutInMs) => {
    await expect(createProbe().isHealthy(timeoutInMs)).rejects.toMatchObject({
      code: 'ENTRA_OPTIONS_INVALID',
      option: 'timeoutInMs',
    });
  });
});

describe('areHealthy', () => {
  function createIndicators() {
    const clock = new ManualClock();
    const credential = new HandMadeCredential(entra, {}, clock.now);
    const good = localDataSource(entra);
    const dataSource = {
      default: good,
      reports: good,
      missing: { ...good, database: 'no-such-database' },
    };
    const { dataSources } = createDataSourceFactory({ credential, dataSource, clock });
    return new EntraDataSourceHealthIndicator(dataSources, clock);
  }

  it('asks every data source at once, and names what must be repaired', async () => {
    const { databases } = await createIndicators().areHealthy('databases');
    const remedy = 'Check the option "database" and the host.';
    expect(databases).toMatchObject({
      status: 'down',
      remedy,
      dataSources: {
        default: { status: 'up' },
        reports: { status: 'up' },
        missing: { status: 'down', message: expect.stringContaining('no-such-database'), remedy },
      },
    });
  });

  it('takes no name, and needs a data source', async () => {
    const indicator = createIndicators();
    await expect(indicator.areHealthy('databases', { name: 'reports' } as object)).rejects.toThrow(
      'Invalid option "name": no such option. Known here: timeoutInMs.',
    );
    const { dataSources } = createDataSourceFactory({ resources: { graph: {} } });
    const none = new EntraDataSourceHealthIndicator(dataSources, new ManualClock());
    await expect(none.areHealthy('databases')).rejects.toThrow('configured: none');
  });
});
