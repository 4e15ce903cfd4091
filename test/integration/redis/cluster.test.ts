import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Cluster } from 'ioredis';
import { Cluster as Cluster6 } from 'ioredis-6';
import { entraNodeRedisOptions, entraRedisOptions, keepAuthenticated } from 'nestjs-entra-auth/redis';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';
import { createCluster } from 'redis';

import { createIoRedisCluster } from '../../../docs/recipes/redis/cluster.js';
import { eventually } from '../../support/eventually.js';
import { describeWithRedis, redisTokens } from '../../support/redis/local-redis.js';
import { RedisCluster } from '../../support/redis/redis-cluster.js';
import { SecretScan } from '../../support/secret-scan.js';

const keys = Array.from({ length: 30 }, (_, n) => `key:${n}`);
const slotOfMoved = 1_999;

describeWithRedis('clusters with tokens', () => {
  let entra: LocalEntra;
  let redis: RedisCluster;
  let tokens: ReturnType<typeof redisTokens>;
  const errors: unknown[] = [];

  beforeAll(async () => {
    entra = await startLocalEntra({ tokenLifetimeInSeconds: 8 });
    redis = await RedisCluster.start(entra);
    tokens = redisTokens(entra);
  });

  afterAll(async () => {
    await tokens?.[Symbol.asyncDispose]();
    await redis?.[Symbol.asyncDispose]();
    await entra?.stop();
  });

  const observed = <T extends Pick<Cluster, 'on'>>(client: T): T => {
    client.on('error', (error: unknown) => errors.push(error));
    client.on('node error', (error: Error) => {
      // One look at the slots took longer than a second; ioredis asks the next node.
      if (error.message !== 'timeout') errors.push(error);
    });
    return client;
  };

  const ioredis = (create: () => Cluster) => {
    const [client, subscriber] = [observed(create()), observed(create())];
    const received: string[] = [];
    subscriber.on('message', (_: string, message: string) => received.push(message));
    return {
      received,
      subscribe: () => subscriber.subscribe('news'),
      publish: (message: string) => client.publish('news', message),
      set: (key: string) => client.set(key, 'value'),
      close: () => [client, subscriber].forEach((each) => each.disconnect()),
    };
  };

  const nodeRedis = async () => {
    const { rootNodes, tls } = redis;
    const options = entraNodeRedisOptions(tokens, {
      rootNodes: rootNodes.map((socket) => ({ socket })),
      defaults: { socket: tls },
    });
    const client = createCluster(options);
    client.on('error', (error: unknown) => errors.push(error));
    await client.connect();
    const received: string[] = [];
    return {
      received,
      subscribe: () => client.subscribe('news', (message) => received.push(message)),
      publish: (message: string) => client.publish('news', message),
      set: (key: string) => client.set(key, 'value'),
      close: () => client.destroy(),
    };
  };

  const create6 = (protocol: 2 | 3) => () => {
    const redisOptions = { ...entraRedisOptions(tokens, { tls: redis.tls }), protocol };
    // The types of both majors are the same for what is called here, but not to the compiler.
    return keepAuthenticated(new Cluster6(redis.rootNodes, { redisOptions }), tokens) as unknown as Cluster;
  };

  it('live through two token lives with a new node, without an error, a lost or a repeated message', async () => {
    const { rootNodes, tls } = redis;
    const clients = [
      ioredis(() => createIoRedisCluster(tokens, rootNodes, tls)),
      ioredis(create6(2)),
      ioredis(create6(3)),
      await nodeRedis(),
    ];
    await Promise.all(clients.map(({ subscribe }) => subscribe()));
    const closed = redis.closedForExpiry;
    const sent: string[] = [];
    let grown: Promise<void> | undefined;
    for (const end = Date.now() + 17_500; Date.now() < end; await sleep(10)) {
      const n = sent.length;
      if (n === 100) grown = redis.addNode(slotOfMoved).then(() => void keys.push('moved'));
      const key = keys[n % keys.length] ?? '';
      await Promise.all(clients.map(({ set }) => set(key)));
      sent.push(String(n));
      await clients[n % clients.length]?.publish(String(n));
    }
    await grown;
    await eventually(() => clients.every(({ received }) => received.length >= sent.length));
    // Time for what came twice.
    await sleep(200);

    expect(errors).toEqual([]);
    // Messages of different nodes overtake each other.
    for (const { received } of clients) expect(received.sort()).toEqual([...sent].sort());
    expect(redis.openConnections).toHaveLength(4);
    expect(redis.openConnections.at(-1)).toBeGreaterThan(2);
    expect(redis.closedForExpiry).toBe(closed);
    const scan = new SecretScan();
    for (const client of clients) scan.reachable('a cluster', client);
    expect(scan.leaks()).toEqual([]);
    clients.forEach(({ close }) => close());
  });
});
