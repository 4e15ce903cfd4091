import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import type { TokenEvent } from 'nestjs-entra-auth';
import { entraRedisOptions, keepAuthenticated, RedisLoginRefusedError } from 'nestjs-entra-auth/redis';

import { createIoRedis } from '../../../docs/recipes/redis/ioredis.js';
import { createNodeRedis } from '../../../docs/recipes/redis/node-redis.js';
import { describeWithRedis, LocalRedis, redisTokens } from '../../support/redis/local-redis.js';
import { SecretScan } from '../../support/secret-scan.js';

describeWithRedis('clients of Redis', () => {
  let redis: LocalRedis;
  let tokens: ReturnType<typeof redisTokens>;
  const scan = new SecretScan();

  beforeAll(async () => {
    redis = await LocalRedis.start();
    tokens = redisTokens(redis.entra);
  });

  afterAll(async () => {
    await tokens?.[Symbol.asyncDispose]();
    await redis?.[Symbol.asyncDispose]();
  });

  const options = (more: object = {}) => {
    const { host, port, tls } = redis;
    return entraRedisOptions(tokens, { host, port, tls, retryStrategy: () => 20, ...more });
  };

  const firstErrorOf = (client: Redis): Promise<Error> =>
    new Promise((resolve) =>
      client.on('error', (error) => {
        scan.value('an error event', error);
        resolve(error);
      }),
    );

  it('show no token, while an AUTH waits and after it', async () => {
    const server = { host: redis.host, port: redis.port, ca: redis.certificateAuthority };
    const client = createIoRedis(tokens, server);
    const nodeRedis = createNodeRedis(tokens, server);
    await Promise.all([client.ping(), nodeRedis.connect()]);
    const blocked = client.brpop('nothing', 1);
    await tokens.refresh('redis');
    await sleep(20);
    scan.reachable('ioredis, with an AUTH in its queue', client);
    await blocked;
    scan.reachable('ioredis', client);
    scan.value('ioredis', client.options);
    scan.reachable('node-redis', nodeRedis);
    client.disconnect();
    nodeRedis.destroy();
    expect(scan.leaks()).toEqual([]);
    expect(scan.length).toBeGreaterThan(10_000);
  });

  it('report a refused token without the token, and connect when it is taken', async () => {
    redis.gate.refuses = 'all';
    const client = new Redis(options());
    const error = await firstErrorOf(client);
    expect(error).toBeInstanceOf(RedisLoginRefusedError);
    expect(error.message).toMatch(
      /refused the login of the user "[\w-]{36}".*WRONGPASS.*data access configuration/s,
    );
    redis.gate.refuses = 'none';
    expect(await client.ping()).toBe('PONG');
    client.disconnect();
  });

  it('report a refused AUTH of an open connection without the token, and try again while it serves', async () => {
    const client = keepAuthenticated(new Redis(options()), tokens);
    const nodeRedis = createNodeRedis(tokens, {
      host: redis.host,
      port: redis.port,
      ca: redis.certificateAuthority,
    });
    const errors: Error[] = [];
    for (const each of [client, nodeRedis]) each.on('error', (error: Error) => errors.push(error));
    await Promise.all([client.ping(), nodeRedis.connect()]);
    const refusals: TokenEvent[] = [];
    const subscription = tokens.events.subscribe((event) => {
      if (event.type === 'login-refused') refusals.push(event);
    });
    redis.gate.refuses = 'all';
    await tokens.refresh('redis');
    while (refusals.length < 2) await sleep(5);
    redis.gate.refuses = 'none';
    const { accepted } = redis.gate.logins;
    const { connections } = redis.gate;
    expect(await client.ping()).toBe('PONG');
    while (redis.gate.logins.accepted < accepted + 2) await sleep(20);

    expect([errors, redis.gate.connections]).toEqual([[], connections]);
    for (const refusal of refusals) {
      scan.value('an event', refusal);
      expect(refusal).toMatchObject({ resource: 'redis', error: { name: 'RedisLoginRefusedError' } });
    }
    expect(scan.leaks()).toEqual([]);
    subscription.unsubscribe();
    client.disconnect();
    nodeRedis.destroy();
  });

  it('present a token again that a transaction took, and dropped', async () => {
    const client = keepAuthenticated(new Redis(options()), tokens);
    await client.ping();
    await client.multi({ pipeline: false });
    const { accepted } = redis.gate.logins;
    await tokens.refresh('redis');
    while (redis.gate.logins.accepted === accepted) await sleep(5);
    await client.discard();
    while (redis.gate.logins.accepted < accepted + 2) await sleep(20);
    expect(await client.ping()).toBe('PONG');
    client.disconnect();
  });

  it.each([
    ['of an unknown authority', { tls: {} }],
    ['with another name', { tls: 'another name' }],
  ])('send no token to a server %s', async (_, { tls }) => {
    const before = redis.gate.logins;
    const given = tls === 'another name' ? { ...redis.tls, servername: 'other.example' } : tls;
    const client = new Redis(options({ tls: given }));
    expect((await firstErrorOf(client)).message).toMatch(/certificate|altnames/);
    client.disconnect();
    expect(redis.gate.logins).toEqual(before);
  });

  it('wait for a token and go on, when there is none', async () => {
    await redis.entra.faults.set('token', { kind: 'http-status', status: 503 });
    const others = redisTokens(redis.entra);
    const { host, port, tls } = redis;
    const client = new Redis(entraRedisOptions(others, { host, port, tls, connectTimeout: 200 }));
    const error = await firstErrorOf(client);
    expect(error.name).toMatch(/EntraTimeoutError|TokenUnavailableError/);
    await redis.entra.faults.clear();
    expect(await client.ping()).toBe('PONG');
    client.disconnect();
    await others[Symbol.asyncDispose]();
  });
});
