import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { entraNodeRedisOptions } from 'nestjs-entra-auth/redis';
import { createClient, createClientPool } from 'redis';
import { createClient as createClient5 } from 'redis-5';

import { eventually } from '../../support/eventually.js';
import { describeWithRedis, LocalRedis, redisTokens } from '../../support/redis/local-redis.js';

describeWithRedis('node-redis with tokens', () => {
  let redis: LocalRedis;
  let tokens: ReturnType<typeof redisTokens>;

  beforeAll(async () => {
    redis = await LocalRedis.start({ tokenLifetimeInSeconds: 6 });
    tokens = redisTokens(redis.entra);
  });

  afterAll(async () => {
    await tokens?.[Symbol.asyncDispose]();
    await redis?.[Symbol.asyncDispose]();
  });

  const options = () =>
    entraNodeRedisOptions(tokens, {
      socket: { host: redis.host, port: redis.port, ca: redis.certificateAuthority },
    });

  it.each([
    ['6.3.1', createClient],
    // The types of both majors are the same for what is called here, but not to the compiler.
    ['5.12.1', createClient5 as unknown as typeof createClient],
  ])('%s lives through two token lives, also subscribed, without an error', async (_, create) => {
    const errors: unknown[] = [];
    const client = create({ ...options(), RESP: 3 });
    client.on('error', (error: unknown) => errors.push(error));
    await client.connect();
    const subscriber = client.duplicate();
    subscriber.on('error', (error: unknown) => errors.push(error));
    await subscriber.connect();
    let received = 0;
    await subscriber.subscribe('news', () => received++);
    const closed = redis.gate.closedForExpiry;

    let sent = 0;
    for (const end = Date.now() + 13_000; Date.now() < end; await sleep(50)) {
      await client.set('key', String(++sent));
      await client.publish('news', String(sent));
    }
    await eventually(() => received >= sent);

    expect({ errors, received }).toEqual({ errors: [], received: sent });
    expect(redis.gate.closedForExpiry).toBe(closed);
    client.destroy();
    subscriber.destroy();
  });

  it('serves a pool', async () => {
    const pool = createClientPool(options(), { minimum: 3 });
    await pool.connect();
    const closed = redis.gate.closedForExpiry;
    for (const end = Date.now() + 8_000; Date.now() < end; await sleep(100)) {
      await Promise.all([pool.ping(), pool.ping(), pool.ping()]);
    }
    expect(redis.gate.closedForExpiry).toBe(closed);
    pool.destroy();
  });

  it('listens once for each client, however often it reconnects, and not at all after destroy()', async () => {
    const client = createClient(options());
    client.on('error', () => undefined);
    await client.connect();
    for (let reconnects = 0; reconnects < 4; reconnects++) {
      // Not `once` of Node.js, which the error of the connection ends.
      const ready = new Promise<void>((resolve) => void client.once('ready', () => resolve()));
      redis.gate.closeConnections();
      await ready;
    }
    setFlagsFromString('--expose-gc');
    const gc = runInNewContext('gc') as () => void;
    const accepted = (): number => redis.gate.logins.accepted;
    const loginsOfRefresh = async (): Promise<number> => {
      const before = accepted();
      await tokens.refresh('redis');
      await eventually(() => accepted() > before);
      await client.ping();
      return accepted() - before;
    };
    // Sockets that were closed hold on to their listeners for a moment.
    let logins = await loginsOfRefresh();
    for (let patience = 100; logins > 1 && patience > 0; patience--) {
      await sleep(50);
      gc();
      logins = await loginsOfRefresh();
    }
    expect(logins).toBe(1);

    client.destroy();
    const after = accepted();
    await tokens.refresh('redis');
    await sleep(50);
    expect(accepted()).toBe(after);
  });

  it('connects and reconnects while the token endpoint is down and a token is held', async () => {
    const client = createClient(options());
    const errors: unknown[] = [];
    client.on('error', (error: unknown) => errors.push(error));
    await client.connect();
    await tokens.refresh('redis');
    await redis.entra.faults.set('token', { kind: 'http-status', status: 503 });
    try {
      const other = createClient(options());
      await other.connect();
      expect(await other.ping()).toBe('PONG');
      other.destroy();
    } finally {
      await redis.entra.faults.clear();
    }
    expect(errors).toEqual([]);
    client.destroy();
  });
});
