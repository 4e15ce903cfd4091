import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, afterEach, beforeAll, expect, it, describe } from '@jest/globals';
import { Redis } from 'ioredis';
import { RedisTokenCache, type EntraUserTokenService, type NodeRedisClient } from 'nestjs-entra-auth/users';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';
import { createClient } from 'redis';

import { systemClock } from '../../../lib/common/clock.js';
import { describeWithRedis } from '../../support/redis/local-redis.js';
import { PlainRedis } from '../../support/redis/plain-redis.js';
import { assertionOf, claimsOf, makeCaller } from '../../support/users/callers.js';
import { startUserTokens, userOptions } from '../../support/users/user-tokens.js';

const keys = { current: '2026-11', keys: { '2026-11': randomBytes(32) } };
/** Short, for a server that fails. */
const timeoutInMs = 300;

type Client = (NodeRedisClient & { destroy(): void }) | Redis;
type Replica = ReturnType<typeof startUserTokens>;

/** Clients of both packages, as applications make them. */
const makers: [string, (path: string, login?: { username: string; password: string }) => Client][] = [
  [
    'node-redis',
    (path, login = {} as never) => {
      const client = createClient({ ...login, socket: { path, tls: false, reconnectStrategy: 20 } });
      client.on('error', () => undefined);
      client.connect().catch(() => undefined);
      return client;
    },
  ],
  [
    'ioredis',
    (path, login) => {
      const client = new Redis({ ...login, path, retryStrategy: () => 20 });
      client.on('error', () => undefined);
      return client;
    },
  ],
];

const tokenOf = async (service: EntraUserTokenService, assertion: string): Promise<string> =>
  (await service.onBehalfOf(assertion).getToken('graph')).token;

describeWithRedis.each(makers)('the shared cache by %s', (_, connect) => {
  let entra: LocalEntra;
  let redis: PlainRedis;
  let replicas: Replica[] = [];
  let clients: Client[] = [];
  let administrator: Redis;

  const start = (
    changes: { keys?: typeof keys; timeoutInMs?: number } = {},
    client = connect(redis.socketPath),
  ): Replica => {
    clients.push(client);
    const shared = {
      store: new RedisTokenCache({ client }),
      keys,
      timeoutInMs: 10_000,
      leaseInMs: 20_000,
      ...changes,
    };
    const replica = startUserTokens(userOptions(entra, { cache: { shared } }), { clock: systemClock });
    replicas.push(replica);
    return replica;
  };
  const fetched = (): number => entra.requests.token;
  const sharedOf = ({ service }: Replica) => service.state().shared!;

  beforeAll(async () => {
    entra = await startLocalEntra({ tokenLifetimeInSeconds: 3600 });
    redis = await PlainRedis.start();
    administrator = new Redis({ path: redis.socketPath, retryStrategy: () => 20 });
    administrator.on('error', () => undefined);
  });
  afterEach(async () => {
    for (const replica of replicas) await replica.stop();
    for (const client of clients) {
      if ('destroy' in client) client.destroy();
      else client.disconnect();
    }
    replicas = [];
    clients = [];
    await entra.faults.clear();
    await administrator.flushall();
    entra.requests.reset();
  });
  afterAll(async () => {
    administrator.disconnect();
    await redis[Symbol.asyncDispose]();
    await entra.stop();
  });

  /** Names of the records. */
  const records = async (): Promise<string[]> =>
    (await administrator.keys('*')).filter((name) => name.endsWith('}'));
  /** Waits for so many records: they are stored behind the callers' backs. */
  async function stored(count: number): Promise<string[]> {
    for (let n = 0; n < 500 && (await records()).length < count; n++) await sleep(5);
    return records();
  }

  /** Asks for new users until the cache is used again. */
  async function recovered(replica: Replica): Promise<void> {
    for (let n = 0; n < 100 && sharedOf(replica).isPaused; n++) {
      await tokenOf(replica.service, assertionOf(entra, makeCaller()));
      await sleep(50);
    }
    expect(sharedOf(replica).isPaused).toBe(false);
  }

  it('has 50 users asked on 4 replicas at once fetched once each, every one with the own `oid`', async () => {
    const fleet = Array.from({ length: 4 }, () => start());
    const callers = Array.from({ length: 50 }, (_unused, n) => makeCaller(n));
    const assertions = callers.map((caller) => assertionOf(entra, caller));
    const answers = await Promise.all(
      fleet.map(({ service }) => Promise.all(assertions.map((assertion) => tokenOf(service, assertion)))),
    );
    expect(fetched()).toBe(50);
    for (const tokens of answers) {
      expect(tokens.map((token) => claimsOf(token)['oid'])).toEqual(callers.map(({ objectId }) => objectId));
    }
    expect(fleet.reduce((sum, replica) => sum + sharedOf(replica).hits, 0)).toBe(150);
  });

  it('holds nothing that names or serves a user, and all of it ends with the token', async () => {
    const replica = start();
    const ada = makeCaller();
    const assertion = assertionOf(entra, ada, { lifetimeInSeconds: 600 });
    const token = await tokenOf(replica.service, assertion);
    const [name = ''] = await stored(1);
    const record = await administrator.getBuffer(name);
    const names = await administrator.keys('*');
    const [list = ''] = names.filter((each) => each !== name);
    expect(names).toHaveLength(2);
    expect(await administrator.zrange(list, 0, -1)).toEqual([name.slice(name.indexOf('{') + 1, -1)]);
    const all = Buffer.concat([Buffer.from(names.join()), record!]).toString('latin1');
    for (const secret of [assertion, token, ada.objectId, ada.name]) expect(all).not.toContain(secret);
    for (const key of names) {
      const endsInMs = await administrator.pttl(key);
      expect(endsInMs).toBeGreaterThan(500_000);
      expect(endsInMs).toBeLessThanOrEqual(600_000);
    }
  });

  it('swapped between two users serves neither with the token of the other', async () => {
    const [ada, eve] = [makeCaller(1), makeCaller(2)];
    const [adas, eves] = [assertionOf(entra, ada), assertionOf(entra, eve)];
    const one = start();
    await tokenOf(one.service, adas);
    await tokenOf(one.service, eves);
    const [first, second] = (await stored(2)) as [string, string];
    const [a, b] = [await administrator.getBuffer(first), await administrator.getBuffer(second)];
    await administrator.set(first, b!);
    await administrator.set(second, a!);

    const other = start();
    expect(claimsOf(await tokenOf(other.service, adas))['oid']).toBe(ada.objectId);
    expect(claimsOf(await tokenOf(other.service, eves))['oid']).toBe(eve.objectId);
    expect(fetched()).toBe(4);
    expect(other.lines.filter((line) => line.includes('cannot be used'))).toHaveLength(1);
    const stranger = start({ keys: { current: '2026-11', keys: { '2026-11': randomBytes(32) } } });
    expect(claimsOf(await tokenOf(stranger.service, adas))['oid']).toBe(ada.objectId);
  });

  it('with a record that was tampered with, at any of its parts, is asked Entra for', async () => {
    const [assertion, ada] = [assertionOf(entra, makeCaller(3)), start()];
    await tokenOf(ada.service, assertion);
    const [name = ''] = await stored(1);
    const record = (await administrator.getBuffer(name))!;
    for (const [n, at] of [0, 1, 5, 20, record.length - 20, record.length - 1].entries()) {
      const changed = Buffer.from(record);
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
      await administrator.set(name, changed, 'PX', 600_000);
      const reader = start();
      await tokenOf(reader.service, assertion);
      expect(sharedOf(reader).unreadable).toBeGreaterThan(0);
      expect(fetched()).toBe(n + 2);
      // The reader replaces it.
      for (let m = 0; m < 500 && (await administrator.getBuffer(name))?.equals(changed); m++) await sleep(5);
    }
  });

  it('forgets a person on every device, and nobody else', async () => {
    const [one, other] = [start(), start()];
    const [ada, eve] = [makeCaller(1), makeCaller(2)];
    const adas = [600, 900].map((lifetimeInSeconds) => assertionOf(entra, ada, { lifetimeInSeconds }));
    const eves = assertionOf(entra, eve);
    for (const assertion of [...adas, eves]) await tokenOf(one.service, assertion);
    const held = await tokenOf(one.service, eves);
    await stored(3);
    const { objectId } = ada;
    const forgotten = await other.service.forgetUser({ tenantId: entra.tenantId, objectId });
    expect(forgotten).toEqual({ held: 0, shared: 2, signIns: 0, unknownSignIns: 0 });
    expect(await records()).toHaveLength(1);
    expect(await tokenOf(other.service, eves)).toBe(held);
    expect(fetched()).toBe(3);
  });

  it('that is killed, and comes back empty, fails no caller', async () => {
    const replica = start({ timeoutInMs });
    const ada = assertionOf(entra, makeCaller());
    const held = await tokenOf(replica.service, ada);
    await redis.kill();
    try {
      expect(await tokenOf(replica.service, ada)).toBe(held);
      const users = Array.from({ length: 30 }, () => assertionOf(entra, makeCaller()));
      for (const user of users) {
        await tokenOf(replica.service, user);
      }
      expect(sharedOf(replica)).toMatchObject({ isPaused: true });
      expect(sharedOf(replica).failures).toBeLessThan(5);
    } finally {
      await redis.start();
    }
    await recovered(replica);
    expect(replica.lines).toEqual([
      expect.stringMatching(/^The shared cache of users' tokens \(Redis\) fails: /),
      expect.stringMatching(/^The shared cache of users' tokens \(Redis\) works again/),
    ]);
    const eve = assertionOf(entra, makeCaller());
    const { length } = await records();
    const token = await tokenOf(replica.service, eve);
    await stored(length + 1);
    expect(await tokenOf(start().service, eve)).toBe(token);
  });

  it('that stands still delays a caller by its deadline, and is used again', async () => {
    const replica = start({ timeoutInMs });
    await tokenOf(replica.service, assertionOf(entra, makeCaller()));
    redis.signal('SIGSTOP');
    try {
      const before = performance.now();
      await tokenOf(replica.service, assertionOf(entra, makeCaller()));
      expect(performance.now() - before).toBeGreaterThan(timeoutInMs * 0.9);
      // A probe goes ahead once a second at most, and no caller waits for it.
      for (let n = 0; n < 10; n++) await tokenOf(replica.service, assertionOf(entra, makeCaller()));
      expect(sharedOf(replica)).toMatchObject({ isPaused: true });
      expect(sharedOf(replica).failures).toBeLessThan(4);
    } finally {
      redis.signal('SIGCONT');
    }
    await recovered(replica);
    expect(replica.lines).toHaveLength(2);
  });

  it('whose reply waits while the event loop is held up counts as working', async () => {
    const replica = start({ timeoutInMs });
    await tokenOf(replica.service, assertionOf(entra, makeCaller()));
    const asked = tokenOf(replica.service, assertionOf(entra, makeCaller()));
    await new Promise((resolve) => setImmediate(resolve));
    const end = performance.now() + timeoutInMs + 200;
    while (performance.now() < end);
    await asked;
    expect(sharedOf(replica)).toMatchObject({ failures: 0, isPaused: false });
  });

  it('that is full serves what it has, and the others are fetched', async () => {
    const [one, other] = [start(), start()];
    const ada = assertionOf(entra, makeCaller());
    const held = await tokenOf(one.service, ada);
    await stored(1);
    await administrator.config('SET', 'maxmemory-policy', 'noeviction');
    await administrator.config('SET', 'maxmemory', '1');
    try {
      for (let n = 0; n < 5; n++) await tokenOf(one.service, assertionOf(entra, makeCaller()));
      expect(sharedOf(one)).toMatchObject({ isPaused: true });
      expect(await tokenOf(other.service, ada)).toBe(held);
      expect(one.lines).toEqual([expect.stringMatching(/fails: .*OOM/)]);
    } finally {
      await administrator.config('SET', 'maxmemory', '0');
    }
    await recovered(one);
    expect(one.lines).toHaveLength(2);
  });

  it('needs the commands that the documentation names, on keys that begin with the prefix', async () => {
    const page = readFileSync('docs/users.md', 'utf8');
    const [, sentence = ''] = /It needs\s+(`MGET`[^.]+\.)/.exec(page) ?? [];
    const commands = [...sentence.matchAll(/`([A-Z]+)`/g)].map(([, name]) => `+${name?.toLowerCase()}`);
    expect(commands.length).toBeGreaterThan(8);
    const login = { username: 'app', password: 'for the test' };
    const rights = [`>${login.password}`, '~nestjs-entra-auth:*', ...commands, '+@sortedset'];
    // What the clients send of their own accord.
    await administrator.acl('SETUSER', login.username, 'on', ...rights, '+@connection', '+info');
    const ada = makeCaller();
    const assertion = assertionOf(entra, ada);
    const [one, other] = [1, 2].map(() => start({}, connect(redis.socketPath, login))) as [Replica, Replica];
    const token = await tokenOf(one.service, assertion);
    await stored(1);
    expect(await tokenOf(other.service, assertion)).toBe(token);
    const user = { tenantId: entra.tenantId, objectId: ada.objectId };
    expect(await other.service.forgetUser(user)).toMatchObject({ shared: 1 });
    await entra.faults.set('token', { kind: 'http-status', status: 503 });
    // Its lease is released.
    await expect(tokenOf(one.service, assertionOf(entra, makeCaller()))).rejects.toThrow(/503/);
    await entra.faults.clear();
    // On the same connection, and so after it.
    await tokenOf(one.service, assertionOf(entra, makeCaller()));
    expect([one, other].map((each) => sharedOf(each).failures)).toEqual([0, 0]);
    expect([...one.lines, ...other.lines].filter((line) => line.includes('cache'))).toEqual([]);
  });

  it('that is emptied costs a request for each user, once for all replicas', async () => {
    const [one, other] = [start(), start()];
    const assertion = assertionOf(entra, makeCaller());
    await tokenOf(one.service, assertion);
    await stored(1);
    await administrator.flushall();
    const token = await tokenOf(other.service, assertion);
    await stored(1);
    expect(await tokenOf(start().service, assertion)).toBe(token);
    expect(fetched()).toBe(2);
  });
});

describe('the options of the shared cache', () => {
  const client = {
    tenantId: 'contoso.example',
    clientId: '00001111-aaaa-2222-bbbb-3333cccc4444',
    clientSecret: 's',
  };
  const store = new RedisTokenCache({ client: () => undefined as never });
  const open = (shared: object): unknown => startUserTokens({ client, cache: { shared: shared as never } });

  it.each<[string, object, string]>([
    ['no store', { keys }, 'Invalid option "users.cache.shared.store": missing.'],
    ['a client as store', { store: {}, keys }, 'Invalid option "users.cache.shared.store": an object.'],
    ['no keys', { store }, 'Invalid option "users.cache.shared.keys": missing.'],
    [
      'a short key',
      { store, keys: { current: 'a', keys: { a: 'c2hvcnQ' } } },
      'Invalid option "users.cache.shared.keys.keys.a": has 5 bytes.',
    ],
    [
      'no such current key',
      { store, keys: { current: 'b', keys: keys.keys } },
      'Invalid option "users.cache.shared.keys.current"',
    ],
    [
      'a long id',
      { store, keys: { current: 'a'.repeat(256), keys: { ['a'.repeat(256)]: randomBytes(32) } } },
      'an id has 256 characters',
    ],
    ['no time', { store, keys, timeoutInMs: 0 }, 'Invalid option "users.cache.shared.timeoutInMs": 0.'],
    ['a long lease', { store, keys, leaseInMs: 1e9 }, 'Invalid option "users.cache.shared.leaseInMs"'],
    ['another word', { store, keys, key: 1 }, 'Invalid option "users.cache.shared.key": no such option.'],
  ])('%s', (_, shared, message) => {
    expect(() => open(shared)).toThrow(message);
  });
});
