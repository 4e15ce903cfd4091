import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { EntraOptionsError, InsecureConnectionError } from 'nestjs-entra-auth';
import { entraNodeRedisOptions, entraRedisCredentials } from 'nestjs-entra-auth/redis';
import { createClient } from 'redis';

import { createEngine } from '../../support/engine.js';
import { jwt } from '../../support/tokens.js';

const { service: tokens } = createEngine({ resources: { redis: {} } });
const host = 'name.region.redis.azure.net';
const listener = { onNext: () => undefined, onError: () => undefined };
const unverified = { dangerouslySendTokenWithoutVerifiedTls: true } as const;

describe('entraNodeRedisOptions', () => {
  it('passes the options of node-redis on, and has TLS and the port of Azure Managed Redis by default', () => {
    const options = entraNodeRedisOptions(tokens, {
      socket: { host, noDelay: false },
      RESP: 3,
      username: 'me',
    });

    expect(options).toEqual({
      socket: {
        host,
        noDelay: false,
        port: 10_000,
        tls: true,
        rejectUnauthorized: true,
        checkServerIdentity: expect.any(Function) as unknown,
      },
      RESP: 3,
      credentialsProvider: expect.objectContaining({ type: 'streaming-credentials-provider' }) as unknown,
    });
    expect(entraNodeRedisOptions(tokens, { url: `rediss://${host}` }).socket).toMatchObject({ tls: true });
  });

  it('gives a cluster to the nodes that it finds', () => {
    const { rootNodes, defaults } = entraNodeRedisOptions(tokens, {
      rootNodes: [{ url: `rediss://${host}:10000` }],
      defaults: { socket: { servername: host } },
    });
    expect(rootNodes).toHaveLength(1);
    expect(defaults.socket).toMatchObject({ tls: true, servername: host, rejectUnauthorized: true });
    expect(defaults.credentialsProvider.type).toBe('streaming-credentials-provider');
  });

  it.each([
    [{ socket: { host: 'rediss://name' } }, 'socket.host', /Give the name alone/],
    [{ socket: { host, tls: false } }, 'socket.tls', /Leave it out, and give "ca"/],
    [{ socket: { host, rejectUnauthorized: false } }, 'socket.rejectUnauthorized', /Leave it out/],
    [{ socket: { checkServerIdentity: () => undefined } }, 'socket.checkServerIdentity', /"servername"/],
    [{ socket: { path: '/run/redis.sock' } }, 'socket.path', /which has no TLS/],
    [{ socket: 'name' }, 'socket', /Give \{ host \}/],
    [{ url: 'redis://name:10000' }, 'url', /a URL without TLS\. Write rediss:/],
    [{ url: 'rediss://user:secret@name' }, 'url', /without user and password/],
    [{ url: 'name' }, 'url', /not a URL/],
    [{ host }, 'host', /Write socket: \{ host, port \}/],
    [{ socket: { host }, password: 'secret' }, 'password', /: given\. .* the access token is the password/],
    [{ socket: { host }, credentialsProvider: {} }, 'credentialsProvider', /: given\. Leave it out/],
    [{ defaults: { socket: { host } } }, 'defaults', /Write createCluster\(entraNodeRedisOptions/],
    [{ sentinelRootNodes: [] }, 'sentinelRootNodes', /Azure has no sentinels/],
    [{ rootNodes: [{ socket: { host } }], socket: {} }, 'socket', /defaults: \{ socket/],
    [{ rootNodes: [{ url: 'redis://name' }] }, 'rootNodes[0].url', /without TLS/],
    [{ rootNodes: [{ socket: { tls: false } }] }, 'rootNodes[0].socket.tls', /Leave it out/],
    [{ rootNodes: [], defaults: { socket: { tls: false } } }, 'defaults.socket.tls', /Leave it out/],
    [{ rootNodes: 'name' }, 'rootNodes', /Give an array/],
    [{ socket: { host }, username: ' ' }, 'username', /Leave it out for the "oid"/],
    [createClient(), 'options', /a client\. Write createClient\(entraNodeRedisOptions/],
    [undefined, 'options', /Write createClient/],
  ] as [unknown, string, RegExp][])(
    'refuses option %# by name, and tells what to write',
    (options, option, message) => {
      const create = (): unknown => entraNodeRedisOptions(tokens, options as object);
      expect(create).toThrow(EntraOptionsError);
      expect(create).toThrow(
        expect.objectContaining({ option, message: expect.stringMatching(message) as unknown }),
      );
      expect(create).not.toThrow(/secret/);
    },
  );

  it('lets the one loud option open what is not verified', () => {
    const socket = { host, tls: false };
    expect(entraNodeRedisOptions(tokens, { socket, ...unverified })).toMatchObject({
      socket: { tls: false },
    });
    expect(entraNodeRedisOptions(tokens, { url: 'redis://name', ...unverified }).socket.tls).toBe(false);
  });

  it('gives no token to a connection whose server was not verified', async () => {
    const { credentialsProvider } = entraNodeRedisOptions(tokens, { socket: { host } });
    const login = credentialsProvider.subscribe(listener);
    await expect(login).rejects.toThrow(InsecureConnectionError);
    await expect(login).rejects.toThrow(
      `The connection to "${host}" is not verified TLS; no token was sent.`,
    );
  });
});

describe('entraRedisCredentials', () => {
  it('is refused without the loud option, and tells what to write', () => {
    expect(() => entraRedisCredentials(tokens, {} as typeof unverified)).toThrow(
      /"dangerouslySendTokenWithoutVerifiedTls".*Write createClient\(entraNodeRedisOptions/,
    );
  });

  it('names the user by the "oid" of the token, or as it is told', async () => {
    const { service, credential } = createEngine({ resources: { redis: {} } });
    const token = jwt({ oid: 'the-oid' });
    credential.answer(() => credential.issue({ token }));
    const [login] = await entraRedisCredentials(service, unverified).subscribe(listener);
    expect(login).toEqual({ username: 'the-oid', password: token });
    const [other] = await entraRedisCredentials(service, { username: 'me', ...unverified }).subscribe(
      listener,
    );
    expect(other).toEqual({ username: 'me', password: token });
  });

  it('tells what to write when the token names no user', async () => {
    const { service, credential } = createEngine({ resources: { redis: {} } });
    credential.answer(() => credential.issue({ token: jwt({ appid: 'an-app' }) }));
    await expect(entraRedisCredentials(service, unverified).subscribe(listener)).rejects.toMatchObject({
      name: 'EntraOptionsError',
      option: 'username',
      message: expect.stringMatching(/no "oid".*Give the object id of the identity/s) as unknown,
    });
  });
});

describe('the connections of node-redis', () => {
  beforeEach(() => void jest.useFakeTimers({ doNotFake: ['setImmediate'] }));
  afterEach(() => void jest.useRealTimers());

  async function connected() {
    const { service, credential, events } = createEngine({ resources: { redis: {} } });
    const issue = () => credential.issue({ token: jwt({ oid: 'the-oid', id: Math.random() }) });
    credential.answer(issue);
    const heard: unknown[] = [];
    const provider = entraRedisCredentials(service, unverified);
    const [, connection] = await provider.subscribe({ ...listener, onNext: (login) => heard.push(login) });
    const refresh = async (): Promise<void> => {
      await service.refresh('redis');
      await new Promise(setImmediate);
    };
    const refusals = () => events.filter(({ type }) => type === 'login-refused');
    return { provider, connection, heard, refresh, refusals, events };
  }

  it('hear of tokens until they are disposed of', async () => {
    const { connection, heard, refresh } = await connected();
    await refresh();
    expect(heard).toHaveLength(1);
    connection.dispose();
    await refresh();
    expect(heard).toHaveLength(1);
  });

  it('hear nothing of the token that they have logged in with', async () => {
    const { service, credential } = createEngine({ resources: { redis: {} } });
    credential.answer(() => credential.issue({ token: jwt({ oid: 'the-oid', id: Math.random() }) }));
    const provider = entraRedisCredentials(service, unverified);
    const heard: unknown[] = [];
    const onNext = (login: unknown): void => void heard.push(login);
    // It logs in after the refresh, and before the token is presented to those that are open.
    let late: ReturnType<typeof provider.subscribe> | undefined;
    service.events.subscribe(({ type }) => {
      if (type === 'refreshed') late = provider.subscribe({ ...listener, onNext });
    });
    await provider.subscribe(listener);
    await service.refresh('redis');
    await new Promise(setImmediate);
    expect(late).toBeDefined();
    expect(heard).toEqual([]);
  });

  it('log in again when the server refused a token, and the refusal is seen', async () => {
    const { provider, heard, refresh, refusals, events } = await connected();
    await refresh();
    const refusal = new Error('Re-authentication with latest credentials failed: WRONGPASS invalid pair');
    provider.onReAuthenticationError(refusal);
    provider.onReAuthenticationError(refusal);
    expect(refusals()).toHaveLength(2);
    expect(refusals()[0]).toMatchObject({ resource: 'redis', error: { isTokenRefused: true } });
    expect(events.map(({ type }) => type)).toContain('rejected');
    for (let second = 0; heard.length < 2 && second < 5; second++) await jest.advanceTimersByTimeAsync(1_000);
    expect(heard).toHaveLength(2);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(heard).toHaveLength(2);
  });

  it('report nothing when the client closed them', async () => {
    const { provider, heard, refresh, refusals } = await connected();
    await refresh();
    provider.onReAuthenticationError(
      new Error('Re-authentication with latest credentials failed: Socket closed'),
    );
    await jest.advanceTimersByTimeAsync(60_000);
    expect([refusals(), heard.length]).toEqual([[], 1]);
  });
});
