import { describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { EntraOptionsError, UnknownResourceError } from 'nestjs-entra-auth';
import { entraRedisCredentials, entraRedisOptions, keepAuthenticated } from 'nestjs-entra-auth/redis';

import { createEngine } from '../../support/engine.js';
import { jwt } from '../../support/tokens.js';

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
    [{ host: '' }, 'host', /Give the name alone/],
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
    [{ host, dnsLookup: Object }, 'dnsLookup', /new Cluster\(nodes, \{ dnsLookup: …/],
    [{ host, username: ' ' }, 'username', /Leave it out for the "oid"/],
  ])('refuses %j by name, and tells what to write', (options: object, option, message) => {
    const create = (): unknown => entraRedisOptions(tokens, options);
    expect(create).toThrow(EntraOptionsError);
    expect(create).toThrow(
      expect.objectContaining({ option, message: expect.stringMatching(message) as unknown }),
    );
    expect(create).not.toThrow(/secret/);
  });

  it('refuses a resource that is not configured', () => {
    expect(() => entraRedisOptions(tokens, { host, resource: 'cache' })).toThrow(UnknownResourceError);
    expect(() => entraRedisCredentials(tokens, { resource: 'cache' })).toThrow(UnknownResourceError);
  });

  it('lets the one loud option open what is not verified', () => {
    const options = { host, tls: false as const, dangerouslySendTokenWithoutVerifiedTls: true };
    expect(entraRedisOptions(tokens, options)).toMatchObject({ tls: false });
  });

  it('refuses a password that stands beside it', () => {
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

  it('takes a client twice, and listens once', () => {
    using client = disconnecting(new Redis({ ...entraRedisOptions(tokens, { host }), lazyConnect: true }));
    const listeners = (): number => client.listenerCount('ready');
    keepAuthenticated(client, tokens);
    const once = listeners();
    expect(keepAuthenticated(client, tokens)).toBe(client);
    expect(listeners()).toBe(once);
  });
});

describe('entraRedisCredentials', () => {
  const listener = { onNext: () => undefined, onError: () => undefined };

  it('names the user by the "oid" of the token, or as it is told', async () => {
    const { service, credential } = createEngine({ resources: { redis: {} } });
    const token = jwt({ oid: 'the-oid' });
    credential.answer(() => credential.issue({ token }));
    const [login] = await entraRedisCredentials(service).subscribe(listener);
    expect(login).toEqual({ username: 'the-oid', password: token });
    const [other] = await entraRedisCredentials(service, { username: 'me' }).subscribe(listener);
    expect(other).toEqual({ username: 'me', password: token });
  });

  it('tells what to write when the token names no user', async () => {
    const { service, credential } = createEngine({ resources: { redis: {} } });
    credential.answer(() => credential.issue({ token: jwt({ appid: 'an-app' }) }));
    await expect(entraRedisCredentials(service).subscribe(listener)).rejects.toMatchObject({
      name: 'EntraOptionsError',
      option: 'username',
      message: expect.stringMatching(/no "oid".*Give the object id of the identity/s) as unknown,
    });
  });

  it('listens to the tokens only while a client does', async () => {
    const { service, credential } = createEngine({ resources: { redis: {} } });
    credential.answer(() => credential.issue({ token: jwt({ oid: 'the-oid', id: Math.random() }) }));
    const heard: unknown[] = [];
    const provider = entraRedisCredentials(service);
    const [, connection] = await provider.subscribe({ ...listener, onNext: (login) => heard.push(login) });
    await service.refresh('redis');
    await new Promise(setImmediate);
    expect(heard).toHaveLength(1);
    connection.dispose();
    await service.refresh('redis');
    await new Promise(setImmediate);
    expect(heard).toHaveLength(1);
  });
});

function disconnecting<T extends { disconnect(): void }>(client: T): T & Disposable {
  return Object.assign(client, { [Symbol.dispose]: () => client.disconnect() });
}
