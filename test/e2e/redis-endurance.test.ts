import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';

import { describeWithRedis, LocalRedis, redisTokens } from '../support/redis/local-redis.js';
import { RedisCluster } from '../support/redis/redis-cluster.js';
import { RedisFleet } from '../support/redis/redis-fleet.js';

// A new token is due at half of a life. An outage of 40 % of it and tokens of five seconds leave half a second in all: that
// needs a machine which runs nothing else, `TOKEN_LIFE=5 SHARE_OF_OUTAGE=0.4 npm test -- test/e2e/redis-endurance`.
const lifeInSeconds = Number(process.env['TOKEN_LIFE'] ?? 15);
const shareOfOutage = Number(process.env['SHARE_OF_OUTAGE'] ?? 0.25);
const lives = Number(process.env['LIVES'] ?? 10);
const kills = 2;
jest.setTimeout((lives * lifeInSeconds + 300) * 1_000);

const lifetimes = { tokenLifetimeInSeconds: lifeInSeconds };
const nothing = { failures: [], closed: 0, lost: [], repeated: [], lostJobs: [], repeatedJobs: [] };

/** What went wrong. */
function faultsOf({ failures, sent, received, jobs }: RedisFleet, closed: number) {
  const isOnce = (list: string[]) => new Set(list).size === list.length;
  const names = Object.keys(received);
  return {
    failures,
    closed,
    lost: names.filter((name) => sent.some((message) => !received[name]?.includes(message))),
    repeated: names.filter((name) => !isOnce(received[name] ?? [])),
    lostJobs: jobs.lost(),
    repeatedJobs: jobs.repeated(),
  };
}

describeWithRedis(`${lives} token lives of ${lifeInSeconds} s under load`, () => {
  const open: AsyncDisposable[] = [];
  const own = <T extends AsyncDisposable>(resource: T): T => {
    open.unshift(resource);
    return resource;
  };
  let calm: { redis: LocalRedis; cluster: RedisCluster; fleet: RedisFleet };
  let stormy: { redis: LocalRedis; fleet: RedisFleet };

  beforeAll(async () => {
    const calmRedis = own(await LocalRedis.start(lifetimes));
    const cluster = own(await RedisCluster.start(calmRedis.entra));
    const settings = { appendonly: 'yes', appendfsync: 'always' };
    const stormyRedis = own(await LocalRedis.start({ ...lifetimes, redis: { settings } }));
    calm = { redis: calmRedis, cluster, fleet: fleetOf(calmRedis) };
    stormy = { redis: stormyRedis, fleet: fleetOf(stormyRedis) };
    await calm.fleet.start(cluster);
    await stormy.fleet.start();
  });

  const closed = ({ redis, cluster }: Partial<typeof calm>): number =>
    (redis?.gate.closedForExpiry ?? 0) + (cluster?.closedForExpiry ?? 0);

  const fleetOf = (redis: LocalRedis): RedisFleet => new RedisFleet(own(redisTokens(redis.entra)), redis);

  afterAll(async () => {
    await Promise.all([calm?.fleet.close(), stormy?.fleet.close()]);
    for (const resource of open) await resource[Symbol.asyncDispose]();
  });

  it('fail no command, lose or repeat no job and no message, and end no connection', async () => {
    const { entra } = stormy.redis;
    const before = [closed(calm), closed(stormy)] as const;
    calm.fleet.begin();
    stormy.fleet.begin();
    for (let life = 0; life < lives; life++) {
      await entra.faults.set('token', { kind: 'http-status', status: 503 });
      await sleep(lifeInSeconds * 1_000 * shareOfOutage);
      await entra.faults.clear();
      await sleep(lifeInSeconds * 1_000 * (1 - shareOfOutage));
    }
    await Promise.all([calm.fleet.stop(), stormy.fleet.stop()]);

    expect(faultsOf(calm.fleet, closed(calm) - before[0])).toEqual(nothing);
    expect(faultsOf(stormy.fleet, closed(stormy) - before[1])).toEqual(nothing);
    for (const { commands } of [calm.fleet, stormy.fleet]) {
      for (const count of Object.values(commands)) expect(count).toBeGreaterThan(30);
    }
  });

  it('go on after the server was killed, twice', async () => {
    const { fleet, redis } = stormy;
    fleet.begin();
    for (let kill = 0; kill < kills; kill++) {
      await sleep(1_000);
      await redis.gate.restart();
      await fleet.recovered();
    }
    await fleet.stop();
    const { failures } = fleet;
    const before = { ...fleet.commands };
    fleet.begin();
    await sleep(1_500);
    await fleet.stop();

    // A client of node-redis fails what is under way when its connection ends; those of ioredis send it again.
    const failed = failures.filter(
      ({ kind, client }) => kind === 'command' && !client.startsWith('node-redis'),
    );
    expect(failed).toEqual([]);
    expect(faultsOf(fleet, 0)).toEqual(nothing);
    for (const [name, count] of Object.entries(before)) {
      expect([name, fleet.commands[name]]).not.toEqual([name, count]);
    }
  });
});
