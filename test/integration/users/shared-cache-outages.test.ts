import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';
import { DataSource, type DataSourceOptions } from 'typeorm';

import { systemClock } from '../../../lib/common/clock.js';
import { CreateEntraUserToken1795910400000, TypeOrmTokenCache } from '../../../lib/store/typeorm/index.js';
import { measureUsers } from '../../../lib/telemetry/user-metrics.js';
import { PostgresProcesses } from '../../support/postgres-processes.js';
import { assertionOf, claimsOf, makeCaller } from '../../support/users/callers.js';
import { startUserTokens, userOptions } from '../../support/users/user-tokens.js';
import { startTestServer, type TestServer } from '../testing/postgres.fixture.js';

const keys = { current: 'a', keys: { a: randomBytes(32) } };
const timeoutInMs = 1_000;
const callers = 6;
/** Beyond what exchanges take at the same time without a cache. */
const slackInMs = 500;
// There are no such signals on Windows.
const onUnix = process.platform === 'win32' ? describe.skip : describe;

type Replica = ReturnType<typeof startUserTokens>;

onUnix('the shared cache in PostgreSQL under load', () => {
  let entra: LocalEntra;
  let server: TestServer;
  let processes: PostgresProcesses;
  let replicas: Replica[] = [];
  const dataSources: DataSource[] = [];

  const connect = async (): Promise<DataSource> => {
    const { host, port, database, user, password, ssl } = server.client();
    const dataSource = new DataSource({
      ...{ type: 'postgres', host, port, database, username: user, password, ssl, poolSize: 5 },
      ...{ migrations: [CreateEntraUserToken1795910400000] },
    } as DataSourceOptions);
    dataSources.push(dataSource);
    return dataSource.initialize();
  };
  const startWith = (cache: object): Replica => {
    const replica = startUserTokens(userOptions(entra, { cache }), { clock: systemClock });
    replicas.push(replica);
    return replica;
  };
  const start = (n: number): Replica => {
    const store = new TypeOrmTokenCache({ dataSource: dataSources[n]! });
    return startWith({ shared: { store, keys, timeoutInMs, leaseInMs: 20_000 } });
  };
  /** Asks for a token, compares whose it is, and tells how long it took. */
  const ask = async ({ service }: Replica, caller = makeCaller(), assertion = assertionOf(entra, caller)) => {
    const begunAt = performance.now();
    const { token } = await service.onBehalfOf(assertion).getToken('graph');
    expect(claimsOf(token)['oid']).toBe(caller.objectId);
    return { token, tookInMs: performance.now() - begunAt };
  };
  const sharedOf = ({ service }: Replica) => service.state().shared!;
  const metricsOf = async ({ service }: Replica): Promise<Record<string, unknown>> => {
    const reader = new PrometheusExporter({ preventServerStart: true });
    const meter = new MeterProvider({ readers: [reader] }).getMeter('test');
    const { events } = service;
    const stop = measureUsers(meter, { events, state: () => service.state(), isConfigured: () => true });
    const { scopeMetrics } = (await reader.collect()).resourceMetrics;
    stop();
    const metrics = scopeMetrics.flatMap((scope) => scope.metrics);
    return Object.fromEntries(
      metrics.map(({ descriptor, dataPoints }) => [descriptor.name, dataPoints.at(-1)?.value]),
    );
  };

  /**
   * Has callers ask one after the other, each a new user and one whose token is held, until the work is done. None waits for
   * the cache longer than it may.
   */
  async function underLoad(replica: Replica, work: () => Promise<void>): Promise<void> {
    const ada = makeCaller();
    const assertion = assertionOf(entra, ada);
    const held = await ask(replica, ada, assertion);
    const control = startWith({});
    let isOver = false;
    const slowestInMs = { cached: 0, control: 0 };
    let answers = 0;
    const asking = Array.from({ length: callers }, async () => {
      for (; !isOver; answers++) {
        const { tookInMs } = await ask(replica);
        slowestInMs.cached = Math.max(slowestInMs.cached, tookInMs);
        const known = await ask(replica, ada, assertion);
        expect(known.token).toBe(held.token);
        expect(known.tookInMs).toBeLessThan(timeoutInMs);
      }
    });
    const measuring = (async () => {
      while (!isOver) slowestInMs.control = Math.max(slowestInMs.control, (await ask(control)).tookInMs);
    })();
    const done = work().finally(() => (isOver = true));
    await Promise.all([done, measuring, ...asking]);
    expect(answers).toBeGreaterThan(callers);
    expect(slowestInMs.cached).toBeLessThan(2 * timeoutInMs + slackInMs + 3 * slowestInMs.control);
  }
  /** Waits until replicas share tokens. */
  async function sharedAgain(one: Replica, other: Replica): Promise<void> {
    const isShared = async (): Promise<boolean> => {
      const caller = makeCaller();
      const assertion = assertionOf(entra, caller);
      const { token } = await ask(one, caller, assertion);
      await sleep(50);
      return (await ask(other, caller, assertion)).token === token && !sharedOf(one).isPaused;
    };
    for (let n = 0; n < 400 && !(await isShared()); n++) await sleep(50);
    expect(await isShared()).toBe(true);
  }
  const lines = [
    expect.stringMatching(
      /^The shared cache of users' tokens \(PostgreSQL\) fails: .*[^.]\. Users are served from memory and by Entra /,
    ),
    expect.stringMatching(/^The shared cache of users' tokens \(PostgreSQL\) works again, after \d+ s\.$/),
  ];

  beforeAll(async () => {
    entra = await startLocalEntra({ tokenLifetimeInSeconds: 3600 });
    server = await startTestServer({ rights: 'migrations' });
    processes = new PostgresProcesses(server.server);
    await (await connect()).runMigrations();
    await connect();
  });
  afterEach(async () => {
    processes.proceed();
    for (const { stop } of replicas) await stop();
    replicas = [];
  });
  afterAll(async () => {
    await Promise.all(dataSources.map((each) => each.destroy()));
    await server.stop();
    await entra.stop();
  });

  it('that is halted delays each caller once by its deadline, and is used again when it goes on', async () => {
    const [one, other] = [start(0), start(1)];
    await underLoad(one, async () => {
      await sleep(300);
      await processes.halt();
      await sleep(4 * timeoutInMs);
      expect(await metricsOf(one)).toMatchObject({ 'entra.user.cache.paused': 1 });
      processes.proceed();
      await sleep(500);
    });
    await sharedAgain(one, other);
    expect(one.lines).toEqual(lines);
    const { failures } = sharedOf(one);
    expect(await metricsOf(one)).toMatchObject({
      'entra.user.cache.failures': failures,
      'entra.user.cache.paused': 0,
    });
    expect(failures).toBeGreaterThan(0);
    expect(failures).toBeLessThan(callers + 10);
  });

  it('that is killed and started again on its data fails no caller, and is used again, empty', async () => {
    const [one, other] = [start(0), start(1)];
    await underLoad(one, async () => {
      await sleep(300);
      await processes.kill();
      await sleep(2_500);
      expect(await metricsOf(one)).toMatchObject({ 'entra.user.cache.paused': 1 });
      await server.server.restart();
    });
    await sharedAgain(one, other);
    expect(one.lines).toEqual(lines);
    expect(sharedOf(one).failures).toBeLessThan(callers + 10);
  });
});
