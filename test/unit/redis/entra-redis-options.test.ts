import { describe, expect, it } from '@jest/globals';
import { Cluster, Redis } from 'ioredis';
import { EntraOptionsError, UnknownResourceError } from 'nestjs-entra-auth';
import { entraNodeRedisOptions, entraRedisOptions, keepAuthenticated } from 'nestjs-entra-auth/redis';
import { createClient } from 'redis';

import { createEngine } from '../../support/engine.js';

const { service: tokens } = createEngine({ resources: { redis: {} } });
const host = 'name.region.redis.azure.net';

describe('entraRedisOptions', () => {
  it('passes the options of ioredis on, and has the port of Azure Managed Redis and TLS by default', () => {
    const options = entraRedisOptions(tokens, {
      host,
      maxRetriesPerRequest: null,
      resource: 'redis',
      username: 'me',
    });

    expect(options).toEqual({
      host,
      port: 10_000,
      tls: {},
      maxRetriesPerRequest: null,
      Connector: expect.any(Function) as unknown,
    });
    expect(entraRedisOptions(tokens, { host, port: 6380, tls: { servername: 'x' } })).toMatchObject({
      port: 6380,
      tls: { servername: 'x' },
    });
  });

  it.each([
    [{ host: 'rediss://name' }, 'host', /Give the name alone/],
    [{ host: '' }, 'host', /: not a host name\. Give the name alone/],
    [{ host: 5 }, 'host', /: 5\. Give the name alone/],
    [{ host, password: 'secret' }, 'password', /the access token is the password/],
    [{ host, Connector: Object }, 'Connector', /Leave it out/],
    [{ path: '/run/redis.sock' }, 'path', /which has no TLS. Give "host" and "port"/],
    [{ url: 'rediss://name' }, 'url', /Give "host" and "port"/],
    [{ sentinels: [] }, 'sentinels', /Azure has no sentinels/],
    [{ host, tls: false as const }, 'tls', /Leave it out, or give \{ ca \}/],
    [{ host, tls: { rejectUnauthorized: false } }, 'tls.rejectUnauthorized', /Leave it out/],
    [{ host, tls: { checkServerIdentity: () => undefined } }, 'tls.checkServerIdentity', /"servername"/],
    [
      { redisOptions: {} },
      'redisOptions',
      /new Cluster\(nodes, \{ redisOptions: …, redisOptions: entraRedisOptions/,
    ],
    ...[
      'clusterRetryStrategy',
      'clusterNodeRetryStrategy',
      'dnsLookup',
      'natMap',
      'scaleReads',
      'slotsRefreshTimeout',
      'slotsRefreshInterval',
      'shardedSubscribers',
      'useSRVRecords',
    ].map((name) => [{ host, [name]: 1 }, name, new RegExp(`new Cluster\\(nodes, \\{ ${name}: …`)]),
    [{ host, username: ' ' }, 'username', /Leave it out for the "oid"/],
    [{ socket: { host } }, 'socket', /node-redis\. Write createClient\(entraNodeRedisOptions/],
    [new Redis({ host, lazyConnect: true }), 'options', /a client\. Write new Redis\(entraRedisOptions/],
    ['rediss://name', 'options', /Write new Redis/],
  ] as [unknown, string, RegExp][])(
    'refuses option %# by name, and tells what to write',
    (options, option, message) => {
      const create = (): unknown => entraRedisOptions(tokens, options as object);
      expect(create).toThrow(EntraOptionsError);
      expect(create).toThrow(
        expect.objectContaining({ option, message: expect.stringMatching(message) as unknown }),
      );
      expect(create).not.toThrow(/secret/);
    },
  );

  it('refuses a resource that is not configured', () => {
    expect(() => entraRedisOptions(tokens, { host, resource: 'cache' })).toThrow(UnknownResourceError);
    expect(() => entraNodeRedisOptions(tokens, { resource: 'cache' })).toThrow(UnknownResourceError);
  });

  it('lets the one loud option open what is not verified', () => {
    const options = { host, tls: false as const, dangerouslySendTokenWithoutVerifiedTls: true };
    expect(entraRedisOptions(tokens, options)).toMatchObject({ tls: false });
  });

  it('refuses a password along with it', () => {
    const options = { ...entraRedisOptions(tokens, { host }), password: 'secret', lazyConnect: true };
    expect(() => new Redis(options)).toThrow(/Invalid option "password"/);
  });
});

describe('keepAuthenticated', () => {
  it('refuses a client that was made otherwise, connected or not, and tells how to make it', () => {
    using client = disconnecting(new Redis({ host, lazyConnect: true }));
    expect(() => keepAuthenticated(client, tokens)).toThrow(
      'Invalid option "client": not made with entraRedisOptions. Write new Redis(entraRedisOptions(tokens, { host })).',
    );
  });

  it('refuses other tokens than those of the client', () => {
    using client = disconnecting(new Redis({ ...entraRedisOptions(tokens, { host }), lazyConnect: true }));
    const { service: others } = createEngine({ resources: { redis: {} } });
    expect(() => keepAuthenticated(client, others)).toThrow(/Invalid option "tokens"/);
  });

  it.each([
    [createClient(), /not a client of ioredis\. Leave this call out for node-redis/],
    [{}, /not a client\. Give what new Redis/],
    [undefined, /Give what new Redis/],
    [new Cluster([{ host }], { lazyConnect: true }), /Write new Cluster\(nodes, \{ redisOptions/],
    [
      new Cluster([{ host }], {
        lazyConnect: true,
        shardedSubscribers: true,
        redisOptions: entraRedisOptions(tokens, {}),
      }),
      /Invalid option "shardedSubscribers"/,
    ],
  ])('refuses what it cannot keep logged in: %#', (client, message) => {
    expect(() => keepAuthenticated(client as Redis, tokens)).toThrow(message);
  });

  it('takes a client twice, and listens once', () => {
    using client = disconnecting(new Redis({ ...entraRedisOptions(tokens, { host }), lazyConnect: true }));
    const listeners = (): number => client.listenerCount('ready');
    keepAuthenticated(client, tokens);
    const once = listeners();
    expect(keepAuthenticated(client, tokens)).toBe(client);
    expect(listeners()).toBe(once);
  });
});

function disconnecting<T extends { disconnect(): void }>(client: T): T & Disposable {
  return Object.assign(client, { [Symbol.dispose]: () => client.disconnect() });
}
