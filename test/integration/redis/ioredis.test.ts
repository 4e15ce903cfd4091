import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { Redis as Redis6 } from 'ioredis-6';
import { entraRedisOptions, keepAuthenticated } from 'nestjs-entra-auth/redis';

import { eventually } from '../../support/eventually.js';
import { describeWithRedis, LocalRedis, redisTokens } from '../../support/redis/local-redis.js';

describeWithRedis('ioredis with tokens', () => {
  let redis: LocalRedis;
  let tokens: ReturnType<typeof redisTokens>;
  const errors: unknown[] = [];

  beforeAll(async () => {
    redis = await LocalRedis.start({ tokenLifetimeInSeconds: 8 });
    tokens = redisTokens(redis.entra);
  });

  afterAll(async () => {
    await tokens?.[Symbol.asyncDispose]();
    await redis?.[Symbol.asyncDispose]();
  });

  const options = () => {
    const { host, port, tls } = redis;
    return entraRedisOptions(tokens, { host, port, tls, maxRetriesPerRequest: null });
  };

  const observed = <T extends Redis | Redis6>(client: T): T => {
    client.on('error', (error: unknown) => errors.push(error));
    return client;
  };

  const clients: [string, () => Redis][] = [
    ['5.11.1', () => new Redis(options())],
    // The types of both majors are the same for what is called here, but not to the compiler.
    ['6.0.0', () => new Redis6({ ...options(), protocol: 2 }) as unknown as Redis],
    ['6.0.0 with RESP3', () => new Redis6({ ...options(), protocol: 3 }) as unknown as Redis],
  ];

  /** Uses a client and two duplicates through two token lives. */
  async function liveThroughTwoTokens(create: () => Redis): Promise<{ blocks: number; last: boolean }> {
    const client = keepAuthenticated(observed(create()), tokens);
    const [blocked, idle] = [observed(client.duplicate()), observed(client.duplicate())];
    await idle.ping();
    const end = Date.now() + 17_000;
    let blocks = 0;
    const blocking = (async () => {
      for (; Date.now() < end; blocks++) expect(await blocked.brpop('nothing', 1)).toBeNull();
    })();
    const key = randomUUID();
    let sent = 0;
    for (; Date.now() < end; await sleep(20)) await client.multi().set(key, ++sent).get(key).exec();
    await blocking;
    const last = (await idle.get(key)) === String(sent);
    for (const each of [client, blocked, idle]) each.disconnect();
    return { blocks, last };
  }

  it('lives through two token lives with its duplicates, busy, blocked and idle', async () => {
    const closed = redis.gate.closedForExpiry;
    const results = await Promise.all(clients.map(([, create]) => liveThroughTwoTokens(create)));
    for (const { blocks, last } of results) {
      expect(last).toBe(true);
      expect(blocks).toBeGreaterThan(11);
    }
    expect(errors).toEqual([]);
    expect(redis.gate.closedForExpiry).toBe(closed);
  });

  it('connects anew before a token ends whose AUTH is refused, when new connections are let in', async () => {
    const client = keepAuthenticated(observed(new Redis(options())), tokens);
    await client.ping();
    const { closedForExpiry, connections } = redis.gate;
    redis.gate.refuses = 'open connections';
    for (const end = Date.now() + 9_500; Date.now() < end; await sleep(10)) {
      expect(await client.set('key', 'value')).toBe('OK');
    }
    redis.gate.refuses = 'none';
    expect([redis.gate.closedForExpiry, errors]).toEqual([closedForExpiry, []]);
    expect(redis.gate.connections).toBeGreaterThan(connections);
    client.disconnect();
  });

  it('unblocks an endless block in time', async () => {
    const client = keepAuthenticated(observed(new Redis(options())), tokens);
    await client.ping();
    const closed = redis.gate.closedForExpiry;
    expect(await client.brpop('nothing', 0)).toBeNull();
    expect(await client.ping()).toBe('PONG');
    expect(redis.gate.closedForExpiry).toBe(closed);
    client.disconnect();
  });

  it('loses no message in RESP3', async () => {
    const client = keepAuthenticated(observed(new Redis6({ ...options(), protocol: 3 })), tokens);
    const subscriber = observed(client.duplicate());
    let received = 0;
    subscriber.on('message', () => received++);
    await subscriber.subscribe('news');
    const closed = redis.gate.closedForExpiry;
    let sent = 0;
    for (const end = Date.now() + 9_500; Date.now() < end; await sleep(10)) {
      await client.publish('news', String(++sent));
    }
    await eventually(() => received >= sent);
    expect({ received, closed: redis.gate.closedForExpiry, errors }).toEqual({
      received: sent,
      closed,
      errors: [],
    });
    client.disconnect();
    subscriber.disconnect();
  });

  it('loses and repeats no message in RESP2, whose subscriber connects anew before the server closes', async () => {
    const publisher = keepAuthenticated(observed(new Redis(options())), tokens);
    const subscriber = keepAuthenticated(observed(new Redis(options())), tokens);
    const received: string[] = [];
    const receivedByPattern: string[] = [];
    subscriber.on('message', (_, message) => received.push(message));
    subscriber.on('pmessage', (_, __, message) => receivedByPattern.push(message));
    await subscriber.subscribe('news', 'more');
    await subscriber.psubscribe('ne*');
    const before = { closed: redis.gate.closedForExpiry, connections: redis.gate.connections };
    const sent: string[] = [];
    for (const end = Date.now() + 9_500; Date.now() < end; await sleep(2)) {
      sent.push(String(sent.length));
      await publisher.publish('news', sent.length.toString());
    }
    await eventually(() => received.length >= sent.length && receivedByPattern.length >= sent.length);
    // Time for what came twice.
    await sleep(200);
    expect(received).toEqual(sent.map((one) => String(Number(one) + 1)));
    expect(receivedByPattern).toEqual(received);
    expect(redis.gate.closedForExpiry).toBe(before.closed);
    expect(redis.gate.connections).toBeGreaterThan(before.connections + 1);
    publisher.disconnect();
    subscriber.disconnect();
  });
});
