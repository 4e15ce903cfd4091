import { randomBytes, randomUUID } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Redis } from 'ioredis';
import { Redis as Redis6 } from 'ioredis-6';
import { RedisTokenCache, type SharedTokenCache } from 'nestjs-entra-auth/users';
import { createClient, createClientPool } from 'redis';
import { createClient as createClient5 } from 'redis-5';
import { DataSource, type DataSourceOptions } from 'typeorm';

import { CreateEntraUserToken1795910400000, TypeOrmTokenCache } from '../../../lib/store/typeorm/index.js';
import { versionOf } from '../../../lib/store/shared-token-cache.js';
import { eventually } from '../../support/eventually.js';
import { describeWithRedis } from '../../support/redis/local-redis.js';
import { PlainRedis } from '../../support/redis/plain-redis.js';
import { MemoryTokenCache } from '../../support/users/memory-token-cache.js';
import { startTestServer, type TestServer } from '../testing/postgres.fixture.js';

const timeoutInMs = 5_000;
const minute = 60_000;
const newRecord = (length = 400): Buffer => randomBytes(length);
const bytesOf = (record: Uint8Array | undefined) => record && Buffer.from(record).toString('hex');

/** What every shared cache keeps to, as two replicas see it. */
function keepsTheContract(open: () => { one: SharedTokenCache; other: SharedTokenCache }): void {
  let one: SharedTokenCache;
  let other: SharedTokenCache;
  let name: string;
  const put = (
    cache: SharedTokenCache,
    record: Buffer,
    replaces?: Uint8Array,
    holder?: string,
    expiresInMs = minute,
    owner?: string,
  ) => cache.put(name, { record, expiresInMs, replaces, holder, owner }, timeoutInMs);
  const lease = (cache: SharedTokenCache, holder: string, replaces?: Uint8Array, forMs = minute) =>
    cache.lease(name, { holder, forMs, replaces }, timeoutInMs);
  const read = (cache: SharedTokenCache) => cache.read(name, timeoutInMs);

  beforeAll(() => void ({ one, other } = open()));
  const fresh = (): void => void (name = randomUUID());

  it('returns the bytes that another replica stored, whatever they are', async () => {
    fresh();
    expect(await read(one)).toEqual({ record: undefined, isLeased: false });
    const record = Buffer.concat([
      newRecord(16),
      Buffer.from(Array.from({ length: 256 }, (_, n) => n)),
      newRecord(9_000),
    ]);
    expect(await put(one, record)).toBe(true);
    const stored = await read(other);
    expect(bytesOf(stored.record)).toBe(record.toString('hex'));
    expect(stored.isLeased).toBe(false);
  });

  it('replaces only the version that it is told to, and nothing at all where nothing is stored', async () => {
    fresh();
    const [first, second, third] = [newRecord(), newRecord(), newRecord()];
    expect(await put(one, first, versionOf(newRecord()))).toBe(true);
    expect(await put(other, second)).toBe(false);
    expect(await put(other, second, versionOf(first))).toBe(true);
    expect(await put(one, third, versionOf(first))).toBe(false);
    expect(bytesOf((await read(one)).record)).toBe(second.toString('hex'));
  });

  it('gives the lease to one of ten, and the record to those who ask after it', async () => {
    fresh();
    const asked = await Promise.all(
      Array.from({ length: 10 }, (_, n) => lease(n % 2 === 0 ? one : other, `${n}`)),
    );
    expect(asked.filter((answer) => answer === 'taken')).toHaveLength(1);
    const waiting = asked.filter((answer) => answer !== 'taken');
    expect(waiting).toEqual(Array(9).fill({ record: undefined, isLeased: true }));
    expect((await read(other)).isLeased).toBe(true);

    const record = newRecord();
    await put(one, record, undefined, String(asked.indexOf('taken')));
    const late = await lease(other, 'late');
    expect(late).toMatchObject({ isLeased: false });
    expect(bytesOf((late as { record: Uint8Array }).record)).toBe(record.toString('hex'));
    expect(await lease(other, 'next', versionOf(record))).toBe('taken');
    expect(await read(one)).toMatchObject({ isLeased: true });
  });

  it('ends a lease for its holder alone, with the record and without', async () => {
    fresh();
    await lease(one, 'holder');
    await other.release(name, 'stranger', timeoutInMs);
    expect((await read(one)).isLeased).toBe(true);
    await one.release(name, 'holder', timeoutInMs);
    expect((await read(one)).isLeased).toBe(false);

    await lease(one, 'holder');
    await put(other, newRecord(), undefined, 'stranger');
    expect((await read(one)).isLeased).toBe(true);
    expect(await put(one, newRecord(), undefined, 'holder')).toBe(false);
    expect((await read(one)).isLeased).toBe(false);
  });

  it('frees the lease of a holder that died, and forgets a record at its end', async () => {
    fresh();
    await put(one, newRecord(), undefined, undefined, 150);
    const record = (await read(one)).record;
    expect(await lease(one, 'dead', versionOf(record!), 150)).toBe('taken');
    const isOver = async (): Promise<boolean> => {
      const stored = await read(other);
      return stored.record === undefined && !stored.isLeased;
    };
    let over = false;
    await eventually(() => {
      void isOver().then((is) => (over ||= is));
      return over;
    });
    expect(over).toBe(true);
    expect(await lease(other, 'heir')).toBe('taken');
    expect((await read(one)).record).toBeUndefined();
    expect(await put(other, newRecord(), undefined, 'heir')).toBe(true);
  });

  it('deletes the records of one owner, whoever put them, and no others', async () => {
    const [ada, eve] = [randomUUID(), randomUUID()];
    const names: string[] = [];
    for (const [cache, owner] of [
      ...[one, other, one].map((each) => [each, ada] as const),
      [other, eve] as const,
      [one, undefined] as const,
    ]) {
      fresh();
      names.push(name);
      await put(cache, newRecord(), undefined, undefined, minute, owner);
    }
    const left = async () => {
      const stored = await Promise.all(names.map((each) => other.read(each, timeoutInMs)));
      return stored.map(({ record }) => record !== undefined);
    };
    expect(await left()).toEqual([true, true, true, true, true]);
    expect(await other.deleteOwned(ada, timeoutInMs)).toBe(3);
    expect(await left()).toEqual([false, false, false, true, true]);
    expect(await one.deleteOwned(ada, timeoutInMs)).toBe(0);
    expect(await one.deleteOwned(eve, timeoutInMs)).toBe(1);
  });

  it('deletes a record that replaced another one, and counts none that has ended', async () => {
    fresh();
    const owner = randomUUID();
    const first = newRecord();
    await put(one, first, undefined, undefined, minute, owner);
    await put(other, newRecord(), versionOf(first), undefined, minute, owner);
    expect(await one.deleteOwned(owner, timeoutInMs)).toBe(1);
    expect((await read(other)).record).toBeUndefined();
    await put(one, newRecord(), undefined, undefined, minute, owner);
    expect(await other.deleteOwned(owner, timeoutInMs)).toBe(1);
  });
}

describe('a shared cache in memory, as tests have it', () => {
  keepsTheContract(() => {
    const one = new MemoryTokenCache();
    return { one, other: one };
  });
});

describeWithRedis('a shared cache in Redis', () => {
  let redis: PlainRedis;
  const clients: { destroy?(): void; disconnect?(): void }[] = [];
  const kept = <T extends object>(client: T): T => {
    clients.push(client);
    return client;
  };
  beforeAll(async () => {
    redis = await PlainRedis.start();
  });
  afterAll(async () => {
    for (const client of clients) (client.destroy ?? client.disconnect)?.call(client);
    await redis[Symbol.asyncDispose]();
  });

  describe('by node-redis, RESP2 and RESP3', () => {
    const open = (RESP: 2 | 3) =>
      kept(createClient({ RESP, socket: { path: redis.socketPath, tls: false } }));
    let two: ReturnType<typeof open>;
    beforeAll(async () => {
      two = open(2);
      await two.connect();
    });
    keepsTheContract(() => {
      const three = open(3);
      void three.connect();
      return {
        one: new RedisTokenCache({ client: two }),
        other: new RedisTokenCache({ client: () => three }),
      };
    });
  });

  describe('by a pool of node-redis, and by ioredis 6', () => {
    keepsTheContract(() => {
      const pool = kept(createClientPool({ socket: { path: redis.socketPath, tls: false } }));
      void pool.connect();
      const later = kept(new Redis6({ path: redis.socketPath, protocol: 3 }));
      return { one: new RedisTokenCache({ client: pool }), other: new RedisTokenCache({ client: later }) };
    });
  });

  describe('by node-redis, whose commands have a timeout until they are written', () => {
    it.each<[string, typeof createClient]>([
      ['5', createClient5 as unknown as typeof createClient],
      ['6', createClient],
    ])('needs none of %s on a connection that is ready', async (_, create) => {
      const client = kept(
        create({ socket: { path: redis.socketPath, tls: false }, commandOptions: { timeout: 60_000 } }),
      );
      await client.connect();
      const cache = new RedisTokenCache({ client });
      const timeout = jest.spyOn(AbortSignal, 'timeout');
      try {
        await client.get('plain');
        expect(timeout).toHaveBeenCalledTimes(1);
        const request = { holder: 'holder', forMs: minute, replaces: undefined };
        const name = randomUUID();
        expect(await cache.lease(name, request)).toBe('taken');
        expect((await cache.read(name)).isLeased).toBe(true);
        expect(timeout).toHaveBeenCalledTimes(1);
      } finally {
        timeout.mockRestore();
      }
    });

    it.each<[string, typeof createClient]>([
      ['5', createClient5 as unknown as typeof createClient],
      ['6', createClient],
    ])('leaves it to %s while there is no connection', async (_, create) => {
      const client = kept(
        create({
          socket: { path: `${redis.socketPath}.none`, tls: false, reconnectStrategy: 20 },
          commandOptions: { timeout: 50 },
        }),
      );
      client.on('error', () => undefined);
      void client.connect().catch(() => undefined);
      const cache = new RedisTokenCache({ client });
      await expect(cache.read('later')).rejects.toHaveProperty('constructor.name', 'TimeoutError');
    });
  });

  describe('by ioredis 5, with a prefix of its own', () => {
    keepsTheContract(() => {
      const options = { path: redis.socketPath, keyPrefix: 'mine:' };
      const [one, other] = [
        kept(new Redis(options)),
        kept(new Redis({ ...options, enableAutoPipelining: true })),
      ];
      return { one: new RedisTokenCache({ client: one }), other: new RedisTokenCache({ client: other }) };
    });
  });
});

describe('a shared cache in PostgreSQL', () => {
  let server: TestServer;
  const dataSources: DataSource[] = [];
  const connect = async (options: Partial<DataSourceOptions> = {}): Promise<DataSource> => {
    const { host, port, database, user, password, ssl } = server.client();
    const connection = { type: 'postgres', host, port, database, username: user, password, ssl };
    const dataSource = new DataSource({ ...connection, ...options } as DataSourceOptions);
    dataSources.push(dataSource);
    return dataSource.initialize();
  };
  beforeAll(async () => {
    server = await startTestServer({ rights: 'migrations' });
    const first = await connect({ migrations: [CreateEntraUserToken1795910400000] });
    await first.runMigrations();
    await connect();
  });
  afterAll(async () => {
    await Promise.all(dataSources.map((dataSource) => dataSource.destroy()));
    await server.stop();
  });

  keepsTheContract(() => ({
    one: new TypeOrmTokenCache({ dataSource: () => dataSources[0]! }),
    other: new TypeOrmTokenCache({ dataSource: () => dataSources[1]! }),
  }));

  it('deletes what has expired, in passing', async () => {
    const clock = { now: Date.now, random: () => 0, setTimeout, clearTimeout } as never;
    const cache = new TypeOrmTokenCache({ dataSource: dataSources[0]!, clock });
    const put = (expiresInMs: number) =>
      cache.put(
        randomUUID(),
        { record: newRecord(), expiresInMs, replaces: undefined, holder: undefined, owner: undefined },
        timeoutInMs,
      );
    const rows = async (): Promise<number> => {
      const counted: { rows: string }[] = await dataSources[0]!.query(
        'SELECT count(*) AS rows FROM entra_user_token WHERE expires < now()',
      );
      return Number(counted[0]?.rows);
    };
    for (let n = 0; n < 5; n++) await put(0);
    await put(minute);
    expect(await rows()).toBe(0);
  });

  it('keeps no record in the write-ahead log', async () => {
    const [first] = dataSources;
    const kinds: unknown = await first!.query(
      "SELECT relpersistence FROM pg_class WHERE relname = 'entra_user_token'",
    );
    expect(kinds).toEqual([{ relpersistence: 'u' }]);
  });

  it('names the migration where the table is missing, and the data source that is not initialized', async () => {
    const elsewhere = await connect({ schema: 'public', entityPrefix: 'other_' });
    const cache = new TypeOrmTokenCache({ dataSource: elsewhere });
    await expect(cache.read('name', timeoutInMs)).rejects.toThrow(/CreateEntraUserToken1795910400000/);
    await elsewhere.destroy();
    dataSources.pop();
    await expect(cache.read('name', timeoutInMs)).rejects.toThrow('not initialized');
  });

  it('is taken away by the migration', async () => {
    const cache = new TypeOrmTokenCache({ dataSource: dataSources[0]! });
    await dataSources[0]!.undoLastMigration();
    await expect(cache.read('name', timeoutInMs)).rejects.toThrow(/does not exist/);
  });
});

describe('an option of a shared cache that is wrong', () => {
  it.each<[string, () => unknown, string]>([
    ['no client', () => new RedisTokenCache({} as never), 'Invalid option "client": missing.'],
    [
      'another object',
      () => new RedisTokenCache({ client: {} as never }),
      'Invalid option "client": an object.',
    ],
    [
      'braces in the prefix',
      () => new RedisTokenCache({ client: (() => 0) as never, prefix: 'a{b}' }),
      'Invalid option "prefix"',
    ],
    ['no data source', () => new TypeOrmTokenCache({} as never), 'Invalid option "dataSource": missing.'],
    [
      'another database',
      () => new TypeOrmTokenCache({ dataSource: new DataSource({ type: 'mysql' }) }),
      'its type is "mysql"',
    ],
  ])('%s', (_, make, message) => {
    expect(make).toThrow(message);
  });

  it('is told when the function is called, too', async () => {
    const redis = new RedisTokenCache({ client: () => undefined as never });
    await expect(redis.read('name')).rejects.toThrow('Invalid option "client": returned missing.');
  });
});
