import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, expect, it } from '@jest/globals';

import { buildFixture } from '../support/fixture-program.js';
import { describeWithRedis, LocalRedis } from '../support/redis/local-redis.js';
import { RedisCluster } from '../support/redis/redis-cluster.js';
import { busyInMs, idleInMs } from '../support/redis/redis-jobs.js';
import { RunningProgram } from '../support/running-program.js';
import type { RedisClientsOptions, RedisClientsReport } from './fixtures/redis-clients.js';

const lifeInSeconds = 8;
const stoppedForInMs = (lifeInSeconds + 0.5) * 1_000;

describeWithRedis('a process whose clients of Redis are stopped until their tokens have expired', () => {
  const open: AsyncDisposable[] = [];
  const own = <T extends AsyncDisposable>(resource: T): T => {
    open.unshift(resource);
    return resource;
  };
  let redis: LocalRedis;
  let cluster: RedisCluster;
  let over: RedisClientsReport;
  let after: RedisClientsReport;
  let closedMeanwhile = 0;
  let closedAfter = 0;

  beforeAll(async () => {
    redis = own(await LocalRedis.start({ tokenLifetimeInSeconds: lifeInSeconds }));
    cluster = own(await RedisCluster.start(redis.entra));
    for (const file of ['eventually', 'redis/redis-jobs', 'redis/redis-fleet']) {
      await buildFixture(`test/support/${file}.ts`);
    }
    const program = await buildFixture('test/e2e/fixtures/redis-clients.ts');
    const { authorityHost, tenantId, client, certificateAuthority } = redis.entra;
    const { clientId, clientSecret } = client;
    const options: RedisClientsOptions = {
      credential: {
        kind: 'client-secret',
        tenantId,
        clientId,
        clientSecret,
        authorityHost,
        certificateAuthority,
      },
      server: { host: redis.host, port: redis.port, tls: redis.tls },
      cluster: { rootNodes: cluster.rootNodes, tls: cluster.tls },
    };
    const clients = own(
      RunningProgram.node([program], {
        env: { REDIS_CLIENTS: JSON.stringify(options) },
        name: 'the clients',
      }),
    );
    await clients.said(/connected/);
    await clients.ask('begin');
    await middleOfBusySpell();
    closedMeanwhile = await stopped(clients.process);
    over = await clients.ask('end');
    const before = closed();
    await clients.ask('begin');
    await sleep((lifeInSeconds + 1) * 1_000);
    after = await clients.ask('end');
    closedAfter = closed() - before;
  });

  afterAll(async () => {
    for (const resource of open) await resource[Symbol.asyncDispose]();
  });

  const closed = (): number => redis.gate.closedForExpiry + cluster.closedForExpiry;

  /** @returns how many connections Redis has closed meanwhile */
  async function stopped(process: ChildProcess): Promise<number> {
    const before = closed();
    process.kill('SIGSTOP');
    try {
      await sleep(stoppedForInMs);
      return closed() - before;
    } finally {
      process.kill('SIGCONT');
      await sleep(2_000);
    }
  }

  const failedCommands = ({ failures }: RedisClientsReport) =>
    failures.filter(({ kind }) => kind === 'command');

  it('finds its connections closed, fails no command, and loses no job and no element of a list', () => {
    // 5 of node-redis, 4 of ioredis, 3 of BullMQ, and at least one for each client of the cluster.
    expect(closedMeanwhile).toBeGreaterThanOrEqual(14);
    expect(failedCommands(over)).toEqual([]);
    expect(over).toMatchObject({ lostJobs: [], repeatedJobs: [], left: 0, unhandledRejections: [] });
    expect(over.jobs).toBeGreaterThan(0);
  });

  it('logs in by itself for another life: no message is lost, no client emits an error, nothing is closed', () => {
    expect(after).toMatchObject({ failures: [], lostJobs: [], repeatedJobs: [], left: 0 });
    expect(closedAfter).toBe(0);
    for (const [client, count] of Object.entries(after.commands)) {
      expect([client, count > 5]).toEqual([client, true]);
    }
    const receivers = Object.entries(after.received);
    expect(receivers).toHaveLength(3);
    for (const receiver of receivers) expect(receiver).toEqual([receiver[0], after.sent]);
  });
});

/** A job is under way then. */
async function middleOfBusySpell(): Promise<void> {
  const spellInMs = busyInMs + idleInMs;
  await sleep(spellInMs - (Date.now() % spellInMs) + busyInMs / 2);
}
