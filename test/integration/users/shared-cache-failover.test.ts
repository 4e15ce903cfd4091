import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Cluster, Redis } from 'ioredis';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';
import { RedisTokenCache, type IoredisClient, type NodeRedisClient } from 'nestjs-entra-auth/users';
import { createCluster, createSentinel } from 'redis';

import { systemClock } from '../../../lib/common/clock.js';
import { describeWithRedis } from '../../support/redis/local-redis.js';
import { FailingOverCluster, SentinelRedis } from '../../support/redis/replicated-redis.js';
import { assertionOf, claimsOf, makeCaller, type Caller } from '../../support/users/callers.js';
import { startUserTokens, userOptions } from '../../support/users/user-tokens.js';

const keys = { current: 'a', keys: { a: randomBytes(32) } };

interface Place extends AsyncDisposable {
  failOver(): Promise<void>;
  connect(): Promise<{ client: NodeRedisClient | IoredisClient; close: () => void }>;
}

async function cluster(by: 'node-redis' | 'ioredis'): Promise<Place> {
  const servers = await FailingOverCluster.start();
  const nodeRedis = async () => {
    const client = createCluster({ rootNodes: servers.rootNodes.map((socket) => ({ socket })) });
    client.on('error', () => undefined);
    await client.connect();
    return { client, close: () => client.destroy() };
  };
  const ioredis = async () => {
    const client = new Cluster(servers.rootNodes, {
      slotsRefreshTimeout: 5_000,
      clusterRetryStrategy: () => 50,
    });
    client.on('error', () => undefined);
    return Promise.resolve({ client, close: () => client.disconnect() });
  };
  return placeOf(servers, by === 'ioredis' ? ioredis : nodeRedis);
}

async function sentinel(by: 'node-redis' | 'ioredis'): Promise<Place> {
  const servers = await SentinelRedis.start();
  const { name, sentinels } = servers;
  const nodeRedis = async () => {
    const client = createSentinel({ name, sentinelRootNodes: sentinels });
    client.on('error', () => undefined);
    await client.connect();
    return { client, close: () => client.destroy() };
  };
  const ioredis = async () => {
    const client = new Redis({ name, sentinels, sentinelRetryStrategy: () => 50, retryStrategy: () => 50 });
    client.on('error', () => undefined);
    return Promise.resolve({ client, close: () => client.disconnect() });
  };
  return placeOf(servers, by === 'ioredis' ? ioredis : nodeRedis);
}

function placeOf(servers: FailingOverCluster | SentinelRedis, connect: Place['connect']): Place {
  return {
    connect,
    failOver: () => servers.failOver(),
    [Symbol.asyncDispose]: () => servers[Symbol.asyncDispose](),
  };
}

describeWithRedis.each<[string, () => Promise<Place>]>([
  ['a cluster, by node-redis', () => cluster('node-redis')],
  ['a cluster, by ioredis', () => cluster('ioredis')],
  ['a Redis with sentinels, by node-redis', () => sentinel('node-redis')],
  ['a Redis with sentinels, by ioredis', () => sentinel('ioredis')],
])('the shared cache in %s', (_, open) => {
  let entra: LocalEntra;
  let place: Place;
  const closing: (() => unknown)[] = [];

  const start = async ({ timeoutInMs = 500 } = {}) => {
    const { client, close } = await place.connect();
    const shared = { store: new RedisTokenCache({ client }), keys, leaseInMs: 20_000, timeoutInMs };
    const replica = startUserTokens(userOptions(entra, { cache: { shared } }), { clock: systemClock });
    closing.push(replica.stop, close);
    return replica;
  };
  type Replica = Awaited<ReturnType<typeof start>>;
  const callersOf = (count: number) =>
    Array.from({ length: count }, (_unused, n) => {
      const caller = makeCaller(n);
      return { caller, assertion: assertionOf(entra, caller) };
    });
  /** Asks for a token, and compares whose it is. */
  const obtain = async ({ service }: Replica, of: { caller: Caller; assertion: string }): Promise<string> => {
    const { token } = await service.onBehalfOf(of.assertion).getToken('graph');
    expect(claimsOf(token)['oid']).toBe(of.caller.objectId);
    return token;
  };
  const sharedOf = ({ service }: Replica) => service.state().shared;

  beforeAll(async () => {
    entra = await startLocalEntra({ tokenLifetimeInSeconds: 3600 });
    place = await open();
  });
  afterAll(async () => {
    for (const close of closing) await close();
    await place?.[Symbol.asyncDispose]();
    await entra.stop();
  });

  it('has each user fetched once for all, whatever node that is on, and forgets a person on all nodes', async () => {
    // No pause of a busy machine is a failure of the cache.
    const patient = { timeoutInMs: 10_000 };
    const [one, other] = [await start(patient), await start(patient)];
    const callers = callersOf(40);
    await Promise.all([one, other].map((each) => Promise.all(callers.map((of) => obtain(each, of)))));
    expect(entra.requests.token).toBe(40);
    expect([one, other].map((each) => sharedOf(each)?.failures)).toEqual([0, 0]);

    const ada = makeCaller();
    const devices = Array.from({ length: 12 }, (_unused, n) => ({
      caller: ada,
      assertion: assertionOf(entra, ada, { lifetimeInSeconds: 1_000 + n }),
    }));
    for (const device of devices) await obtain(one, device);
    await sleep(200);
    const user = { tenantId: entra.tenantId, objectId: ada.objectId };
    expect(await other.service.forgetUser(user)).toMatchObject({ shared: 12 });
    expect(await other.service.forgetUser(user)).toMatchObject({ shared: 0 });
  });

  it('fails no caller while another server takes over, and is shared again', async () => {
    const begin = Date.now();
    const [one, other] = [await start(), await start()];
    const [known] = callersOf(1) as [ReturnType<typeof callersOf>[number]];
    const held = await obtain(one, known);
    let isOver = false;
    let answers = 0;
    const asking = (async () => {
      for (; !isOver; answers++) {
        await obtain(one, callersOf(1)[0]!);
        expect(await obtain(one, known)).toBe(held);
        await sleep(20);
      }
    })();
    await place.failOver();
    const isShared = async (): Promise<boolean> => {
      const fresh = callersOf(6);
      for (const of of fresh) await obtain(one, of);
      await sleep(50);
      const before = entra.requests.token;
      for (const of of fresh) await obtain(other, of);
      const isWhole = entra.requests.token === before;
      // One that stores nothing learns nothing of writes.
      await obtain(other, callersOf(1)[0]!);
      return isWhole && [one, other].every((each) => sharedOf(each)?.isPaused === false);
    };
    isOver = true;
    await asking;
    let shared = false;
    for (let n = 0; n < 200 && !shared; n++) shared = (await isShared()) || (await sleep(100), false);
    expect(shared).toBe(true);
    expect(answers).toBeGreaterThan(1);
    const minutes = Math.ceil((Date.now() - begin) / 60_000);
    expect(one.lines.filter((line) => / fails: /.test(line)).length).toBeLessThanOrEqual(minutes);
  });
});
