import { EventEmitter } from 'node:events';
import { Socket } from 'node:net';

import { afterEach, describe, expect, it, jest } from '@jest/globals';

import { ClientRoster } from '../../../lib/redis/client-roster.js';
import { KeptClient } from '../../../lib/redis/kept-client.js';
import type { RedisClient } from '../../../lib/redis/redis-client.js';
import { RedisLogins, type RedisLogin } from '../../../lib/redis/redis-logins.js';
import type { RedisSession } from '../../../lib/redis/redis-session.js';
import { EntraRedisConnector } from '../../../lib/redis/redis.connector.js';
import { createEngine } from '../../support/engine.js';

const { service: tokens } = createEngine({ resources: { redis: {} } });

const login = (token: string): RedisLogin => ({
  username: 'the-oid',
  token: { token, expiresOnTimestamp: Date.now() + 3_600_000 },
});

const session = (token = 'first'): RedisSession => ({
  socket: new Socket(),
  login: login(token),
  clientId: '7',
});

function connector(): EntraRedisConnector {
  const logins = new RedisLogins(tokens, { username: 'the-oid' });
  return new EntraRedisConnector({ tokens, logins, clients: new ClientRoster(logins), verify: true }, {});
}

/** A client on a connection that logged in with the token `first`. */
async function connected(mode: 'normal' | 'subscriber', reply: string) {
  const own = connector();
  own.connectNextWith(session());
  await own.connect();
  const duplicate = jest.fn(() => Object.assign(new EventEmitter(), { disconnect: () => undefined }));
  const auth = jest.fn(() => Promise.resolve(reply));
  const client = Object.assign(new EventEmitter(), {
    isCluster: false,
    status: 'ready',
    mode,
    options: {},
    disconnect: () => undefined,
    sendCommand: () => undefined,
    auth,
    duplicate,
  });
  const kept = new KeptClient(client as unknown as RedisClient, own);
  return { kept, client, own, auth, duplicate };
}

describe('KeptClient', () => {
  afterEach(() => void jest.useRealTimers());

  it('presents a token once, and takes it for that of the connection when it is accepted', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate'] });
    const { kept, own, auth } = await connected('normal', 'OK');
    const second = login('second');
    expect(kept.present(login('first'))).toBe(false);
    expect(kept.present(second)).toBe(true);
    expect(kept.present(second)).toBe(false);
    await new Promise(setImmediate);
    expect(own.session?.login).toBe(second);
    await jest.advanceTimersByTimeAsync(600_000);
    expect(auth).toHaveBeenCalledTimes(1);
  });

  it('does not take a token for accepted that waits in a transaction', async () => {
    const { kept, own } = await connected('normal', 'QUEUED');
    kept.present(login('second'));
    await new Promise(setImmediate);
    expect(own.session?.login.token.token).toBe('first');
    expect(kept.present(login('second'))).toBe(true);
  });

  it('presents a token again that waited in a transaction', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate'] });
    const { kept, client, auth } = await connected('normal', 'QUEUED');
    kept.present(login('second'));
    await new Promise(setImmediate);
    expect(auth).toHaveBeenCalledTimes(1);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(auth.mock.calls.length).toBeGreaterThan(1);
    client.emit('close');
  });

  it('presents no token after its connection has closed, until it has another', async () => {
    const { kept, client, auth } = await connected('normal', 'OK');
    kept.start();
    await new Promise(setImmediate);
    expect(auth).toHaveBeenCalledTimes(1);
    await tokens.refresh('redis');
    await new Promise(setImmediate);
    expect(auth).toHaveBeenCalledTimes(2);
    client.emit('close');
    await tokens.refresh('redis');
    await new Promise(setImmediate);
    expect(auth).toHaveBeenCalledTimes(2);
    client.emit('ready');
    await new Promise(setImmediate);
    expect(auth).toHaveBeenCalledTimes(3);
    client.emit('close');
  });

  it('presents nothing on a connection that is not ready', async () => {
    const { kept, client, auth } = await connected('normal', 'OK');
    client.status = 'reconnecting';
    expect(kept.present(login('second'))).toBe(false);
    expect(auth).not.toHaveBeenCalled();
  });

  it('hands a subscriber over once at a time', async () => {
    const { kept, duplicate } = await connected('subscriber', 'OK');
    kept.present(login('second'));
    kept.present(login('third'));
    expect(duplicate).toHaveBeenCalledTimes(1);
  });
});

describe('EntraRedisConnector', () => {
  afterEach(() => void jest.useRealTimers());

  it('keeps one connection for the next time, and ends the one before', async () => {
    const own = connector();
    const [one, other] = [session(), session()];
    own.connectNextWith(one);
    own.connectNextWith(other);
    expect([one.socket.destroyed, other.socket.destroyed]).toEqual([true, false]);
    expect(await own.connect()).toBe(other.socket);
  });

  it('waits two seconds for a connection to close, and no longer once it has', async () => {
    jest.useFakeTimers();
    for (const closes of [true, false]) {
      const own = connector();
      const { socket, ...rest } = session();
      own.connectNextWith({ socket, ...rest });
      await own.connect();
      own.disconnect();
      if (closes) socket.emit('close');
      expect(jest.getTimerCount()).toBe(closes ? 0 : 1);
    }
    jest.advanceTimersByTime(2_000);
    expect(jest.getTimerCount()).toBe(0);
  });
});
