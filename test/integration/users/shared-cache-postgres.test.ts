import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';
import type { SharedCacheOptions } from 'nestjs-entra-auth/users';
import { DataSource, type DataSourceOptions } from 'typeorm';

import { systemClock } from '../../../lib/common/clock.js';
import { CreateEntraUserToken1795910400000, TypeOrmTokenCache } from '../../../lib/store/typeorm/index.js';
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
  }, 60_000);
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
