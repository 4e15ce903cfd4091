import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';
import type { SharedCacheOptions } from 'nestjs-entra-auth/users';
import { DataSource, type DataSourceOptions } from 'typeorm';

import { systemClock } from '../../../lib/common/clock.js';
import { CreateEntraUserToken1795910400000, TypeOrmTokenCache } from '../../../lib/store/typeorm/index.js';
import { itWith } from '../../support/installed-server.js';
import { PgBouncer } from '../../support/pgbouncer.js';
import { trustLocalUsers } from '../../support/trusting-postgres.js';
import { assertionOf, claimsOf, makeCaller } from '../../support/users/callers.js';
import { startUserTokens, userOptions } from '../../support/users/user-tokens.js';
import { startTestServer, type TestServer } from '../testing/postgres.fixture.js';

const keys = { current: 'a', keys: { a: randomBytes(32) } };
/** Short, for a server that fails. */
const timeoutInMs = 400;

type Replica = ReturnType<typeof startUserTokens>;

describe('the shared cache in PostgreSQL', () => {
  let entra: LocalEntra;
  let server: TestServer;
  let replicas: Replica[] = [];
  const dataSources: DataSource[] = [];

  const connect = async (name: string): Promise<DataSource> => {
    const { host, port, database, user, password, ssl } = server.client();
    const dataSource = new DataSource({
      ...{ type: 'postgres', host, port, database, username: user, password, ssl },
      ...{ applicationName: name, migrations: [CreateEntraUserToken1795910400000] },
    } as DataSourceOptions);
    dataSources.push(dataSource);
    return dataSource.initialize();
  };
  const start = (n: number, changes: Partial<SharedCacheOptions> = {}): Replica => {
    const store = new TypeOrmTokenCache({ dataSource: () => dataSources[n]! });
    const shared = { store, keys, timeoutInMs: 10_000, leaseInMs: 20_000, ...changes };
    const replica = startUserTokens(userOptions(entra, { cache: { shared } }), { clock: systemClock });
    replicas.push(replica);
    return replica;
  };
  const obtain = async (
    { service }: Replica,
    assertion = assertionOf(entra, makeCaller()),
  ): Promise<string> => (await service.onBehalfOf(assertion).getToken('graph')).token;
  const sharedOf = ({ service }: Replica) => service.state().shared!;

  beforeAll(async () => {
    entra = await startLocalEntra({ tokenLifetimeInSeconds: 3600 });
    server = await startTestServer({ rights: 'migrations' });
    const first = await connect('replica-0');
    await first.runMigrations();
    await connect('replica-1');
  });
  afterEach(async () => {
    for (const { stop } of replicas) await stop();
    replicas = [];
    entra.requests.reset();
  });
  afterAll(async () => {
    await Promise.all(dataSources.filter(({ isInitialized }) => isInitialized).map((each) => each.destroy()));
    await server.stop();
    await entra.stop();
  });

  /** Asks for new users until the cache is used again. */
  async function recovered(replica: Replica): Promise<void> {
    for (let n = 0; n < 100 && sharedOf(replica).isPaused; n++) {
      await obtain(replica);
      await sleep(50);
    }
    expect(sharedOf(replica).isPaused).toBe(false);
    expect(replica.lines).toEqual([
      expect.stringMatching(/^The shared cache of users' tokens \(PostgreSQL\) fails: /),
      expect.stringMatching(/^The shared cache of users' tokens \(PostgreSQL\) works again/),
    ]);
  }

  it('has 40 users asked on two replicas at once fetched once each, every one with the own `oid`', async () => {
    const fleet = [start(0), start(1)];
    const callers = Array.from({ length: 40 }, (_, n) => makeCaller(n));
    const assertions = callers.map((caller) => assertionOf(entra, caller));
    const answers = await Promise.all(
      fleet.map((replica) => Promise.all(assertions.map((assertion) => obtain(replica, assertion)))),
    );
    for (const tokens of answers) {
      expect(tokens.map((token) => claimsOf(token)['oid'])).toEqual(callers.map(({ objectId }) => objectId));
    }
    expect(entra.requests.token).toBe(40);
  });

  /** Runs a statement as the application. */
  const sql = async (text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> =>
    server.session(async (client) => (await client.query<Record<string, unknown>>(text, values)).rows);
  /** Waits for so many records: they are stored behind the callers' backs. */
  async function stored(count: number): Promise<{ name: string; record: Buffer }[]> {
    const find = 'SELECT "name", "record" FROM entra_user_token WHERE "record" IS NOT NULL';
    for (let n = 0; n < 500 && (await sql(find)).length < count; n++) await sleep(5);
    return (await sql(find)) as { name: string; record: Buffer }[];
  }
  const put = 'UPDATE entra_user_token SET "record" = $2 WHERE "name" = $1';

  it('swapped between two users, tampered with, or by another key, serves nobody with a wrong token', async () => {
    await sql('TRUNCATE entra_user_token');
    const [ada, eve] = [makeCaller(1), makeCaller(2)];
    const [adas, eves] = [assertionOf(entra, ada), assertionOf(entra, eve)];
    for (const assertion of [adas, eves]) await obtain(start(0), assertion);
    const [first, second] = await stored(2);
    await sql(put, [first?.name, second?.record]);
    await sql(put, [second?.name, first?.record]);
    const other = start(1);
    expect(claimsOf(await obtain(other, adas))['oid']).toBe(ada.objectId);
    expect(claimsOf(await obtain(other, eves))['oid']).toBe(eve.objectId);
    expect(entra.requests.token).toBe(4);
    expect(sharedOf(other).unreadable).toBeGreaterThanOrEqual(2);
    expect(other.lines).toEqual([expect.stringMatching(/cannot be used: changed, or of another user/)]);

    for (const { name, record } of await stored(2)) {
      record.writeUInt8(record.readUInt8(40) ^ 1, 40);
      await sql(put, [name, record]);
    }
    expect(claimsOf(await obtain(start(0), adas))['oid']).toBe(ada.objectId);
    const stranger = start(0, { keys: { current: 'a', keys: { a: randomBytes(32) } } });
    expect(claimsOf(await obtain(stranger, adas))['oid']).toBe(ada.objectId);
    expect(entra.requests.token).toBe(6);
  });

  it('that takes no writes, as when its disk is full, serves what it has, and the others are fetched', async () => {
    await sql('TRUNCATE entra_user_token');
    const [one, other] = [start(0), start(1)];
    const assertion = assertionOf(entra, makeCaller());
    const held = await obtain(one, assertion);
    await stored(1);
    const readOnly = async (value: 'on' | 'off'): Promise<void> => {
      await server.server.query(`ALTER SYSTEM SET default_transaction_read_only = ${value}`);
      await server.server.query('SELECT pg_reload_conf()');
      const shows = async () => (await sql('SHOW default_transaction_read_only'))[0];
      for (let n = 0; n < 200 && (await shows())?.['default_transaction_read_only'] !== value; n++)
        await sleep(5);
    };
    await readOnly('on');
    try {
      await sleep(100);
      for (let n = 0; n < 5; n++) await obtain(one);
      expect(sharedOf(one)).toMatchObject({ isPaused: true });
      expect(await obtain(other, assertion)).toBe(held);
      expect(one.lines).toEqual([expect.stringMatching(/fails: .*read-only/)]);
    } finally {
      await readOnly('off');
    }
    await recovered(one);
  });

  it('that is emptied costs a request for each user, once for all replicas', async () => {
    await sql('TRUNCATE entra_user_token');
    const assertion = assertionOf(entra, makeCaller());
    await obtain(start(0), assertion);
    await stored(1);
    await sql('TRUNCATE entra_user_token');
    const token = await obtain(start(1), assertion);
    await stored(1);
    expect(await obtain(start(0), assertion)).toBe(token);
    expect(entra.requests.token).toBe(2);
  });

  it('that is empty after a crash of the server costs a request for each user, and is used again', async () => {
    await sql('TRUNCATE entra_user_token');
    const [replica, other] = [start(0, { timeoutInMs }), start(1, { timeoutInMs })];
    const assertion = assertionOf(entra, makeCaller());
    await obtain(replica, assertion);
    await stored(1);
    const [started] = await server.server.query<{ text: string }>(
      "SELECT pg_read_file('postmaster.pid') AS text",
    );
    // As `pg_ctl stop -m immediate`: no checkpoint, and recovery at the next start.
    process.kill(parseInt(started?.text ?? '', 10), 'SIGQUIT');
    await obtain(replica);
    await obtain(other);
    await server.server.restart();
    expect(await sql('SELECT count(*)::int AS rows FROM entra_user_token')).toEqual([{ rows: 0 }]);
    entra.requests.reset();
    for (const each of [replica, other]) if (sharedOf(each).isPaused) await recovered(each);
    await sql('TRUNCATE entra_user_token');
    const next = assertionOf(entra, makeCaller());
    const token = await obtain(replica, next);
    await stored(1);
    expect(await obtain(other, next)).toBe(token);
    expect(sharedOf(other).hits).toBe(1);
  });

  it('that is stopped and started again fails no caller, and is used again', async () => {
    const replica = start(0, { timeoutInMs });
    const assertion = assertionOf(entra, makeCaller());
    const held = await obtain(replica, assertion);
    let isOver = false;
    const asking = (async () => {
      for (; !isOver; await sleep(10)) await obtain(replica);
    })();
    await server.server.restart();
    isOver = true;
    await asking;
    expect(await obtain(replica, assertion)).toBe(held);
    if (sharedOf(replica).failures > 0) await recovered(replica);
    expect(sharedOf(replica).isPaused).toBe(false);
  });

  it('that is locked fails no caller, delays the first by its deadline, and is used again', async () => {
    const replica = start(0, { timeoutInMs });
    await obtain(replica);
    await server.session(async (client) => {
      await client.query('BEGIN');
      await client.query('LOCK TABLE entra_user_token IN ACCESS EXCLUSIVE MODE');
      const before = performance.now();
      await obtain(replica);
      expect(performance.now() - before).toBeGreaterThan(timeoutInMs * 0.9);
      for (let n = 0; n < 10; n++) await obtain(replica);
      expect(sharedOf(replica).failures).toBeLessThan(4);
      await client.query('COMMIT');
    });
    await recovered(replica);
  });

  it('that ends every connection fails no caller', async () => {
    const replica = start(0);
    const assertion = assertionOf(entra, makeCaller());
    const held = await obtain(replica, assertion);
    await server.session((client) =>
      client.query(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'replica-0'",
      ),
    );
    for (let n = 0; n < 10; n++) await obtain(replica);
    expect(await obtain(replica, assertion)).toBe(held);
    if (sharedOf(replica).failures > 0) await recovered(replica);
    const token = await obtain(replica, assertionOf(entra, makeCaller()));
    expect(token).toBeDefined();
  });

  itWith({ program: 'pgbouncer', debianPackage: 'pgbouncer' })(
    'is shared through PgBouncer in transaction mode, by more statements at once than it has connections',
    async () => {
      await sql('TRUNCATE entra_user_token');
      const { host: socketDirectory, user: superuser, database } = server.server.adminClientConfig;
      const settings = { pool_mode: 'transaction', default_pool_size: '2' };
      await trustLocalUsers(server.server);
      const pooler = await PgBouncer.start({ socketDirectory, superuser, database, settings });
      const pooled: number[] = [];
      try {
        await pooler.accept('app', 'a password');
        const { port, certificateAuthority: ca } = pooler;
        const through = { type: 'postgres', host: 'localhost', port, database, ssl: { ca } } as const;
        for (let n = 0; n < 2; n++) {
          const dataSource = new DataSource({ ...through, username: 'app', password: 'a password' });
          pooled.push(dataSources.push(await dataSource.initialize()) - 1);
        }
        const fleet = pooled.map((n) => start(n));
        const callers = Array.from({ length: 40 }, (_, n) => makeCaller(n));
        const assertions = callers.map((caller) => assertionOf(entra, caller));
        const answers = await Promise.all(
          fleet.flatMap((replica) => assertions.map((assertion) => obtain(replica, assertion))),
        );
        const oids = callers.map(({ objectId }) => objectId);
        expect(answers.map((token) => claimsOf(token)['oid'])).toEqual([...oids, ...oids]);
        expect(entra.requests.token).toBe(40);
        await stored(40);
        const user = { tenantId: entra.tenantId, objectId: oids[0]! };
        expect(await fleet[0]?.service.forgetUser(user)).toMatchObject({ shared: 1 });
        expect(fleet.map((replica) => [sharedOf(replica).failures, replica.lines])).toEqual([
          [0, []],
          [0, []],
        ]);
      } finally {
        for (const n of pooled) await dataSources[n]?.destroy();
        await pooler.stop();
      }
    },
  );

  it('whose data source is closed, or whose table is missing, fails no caller, and its line has the remedy', async () => {
    const closed = start(1);
    await dataSources[1]!.destroy();
    await obtain(closed);
    expect(closed.lines).toEqual([expect.stringMatching(/fails: The data source is not initialized\./)]);

    await dataSources[0]!.undoLastMigration();
    const missing = start(0);
    await obtain(missing);
    expect(missing.lines).toEqual([
      expect.stringMatching(/Add the migration `CreateEntraUserToken1795910400000`/),
    ]);
  });
});
