import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';

import { afterAll, beforeAll, expect, it } from '@jest/globals';

import { startLocalEntra } from 'nestjs-entra-auth/testing';

import { encodeRequest } from '../../../lib/testing/redis/request.parser.js';
import { describeWithRedis, LocalRedis } from '../../support/redis/local-redis.js';

const redisAudience = 'https://redis.azure.com';

/** A connection that sends commands as they are, and collects what comes back. */
class RawConnection implements Disposable {
  received = '';
  closedAt: number | undefined;
  readonly closed: Promise<void>;

  private constructor(readonly socket: TLSSocket) {
    socket.on('data', (chunk: Buffer) => (this.received += chunk.toString()));
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.closedAt = Date.now();
        resolve();
      });
    });
  }

  static async open({ host, port, tls }: LocalRedis): Promise<RawConnection> {
    const socket = connect({ host, port, ...tls });
    await once(socket, 'secureConnect');
    return new RawConnection(socket);
  }

  /** Sends a command, and returns all that comes until a pattern has come. */
  async send(request: readonly string[], until = /\r\n$/): Promise<string> {
    const before = this.received.length;
    this.socket.write(encodeRequest(request));
    while (!until.test(this.received.slice(before)) && this.closedAt === undefined) {
      // `once` of Node would reject with the error of a connection that the server has closed.
      await Promise.race([new Promise((resolve) => this.socket.once('data', resolve)), this.closed]);
    }
    return this.received.slice(before);
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

describeWithRedis('the gate in front of redis-server', () => {
  let redis: LocalRedis;

  beforeAll(async () => {
    redis = await LocalRedis.start();
  });

  afterAll(() => redis?.[Symbol.asyncDispose]());

  const token = (lifetimeInSeconds = 60, more: object = {}): string =>
    redis.entra.issueToken({ audience: redisAudience, lifetimeInSeconds, ...more });
  const user = (): string => redis.entra.client.objectId;

  it('lets in by AUTH and by HELLO, and keeps out who has not logged in', async () => {
    using connection = await RawConnection.open(redis);
    expect(await connection.send(['GET', 'a'])).toBe('-NOAUTH Authentication required.\r\n');
    expect(await connection.send(['AUTH', user(), token()])).toBe('+OK\r\n');
    expect(await connection.send(['GET', 'a'])).toBe('$-1\r\n');

    using other = await RawConnection.open(redis);
    expect(await other.send(['HELLO', '3', 'AUTH', user(), token()], /modules/)).toMatch(/^%7/);
    expect(await other.send(['GET', 'a'])).toBe('_\r\n');
  });

  it('refuses other users, audiences, signers, and tokens that have expired', async () => {
    using connection = await RawConnection.open(redis);
    const refused = [
      [user(), redis.entra.issueToken({ audience: 'https://graph.microsoft.com' })],
      [user(), token(-1)],
      [user(), token(60, { signedBy: 'foreign-key' })],
      [user(), 'secret'],
      ['00000000-0000-0000-0000-000000000000', token()],
    ];
    for (const login of refused) {
      expect(await connection.send(['AUTH', ...login])).toMatch(/^-WRONGPASS /);
    }
    expect(await connection.send(['AUTH', token()])).toMatch(/^-WRONGPASS /);
    expect(await connection.send(['AUTH', user(), 'x'.repeat(17_000)])).toMatch(
      /unauthenticated bulk length/,
    );
  });

  it('needs redis-server, and tells how to install it', async () => {
    const { PATH } = process.env;
    process.env['PATH'] = '/nonexistent';
    try {
      await expect(LocalRedis.start()).rejects.toThrow(/"redis-server" is not on PATH.*apt-get install/);
    } finally {
      process.env['PATH'] = PATH;
    }
    const settings = { 'no-such-setting': 1 };
    await expect(startLocalEntra({ redis: { settings } })).rejects.toThrow(/ended with 1.*no-such-setting/s);
    await using entra = await startLocalEntra();
    expect(() => entra.redis).toThrow('start the local Entra with { redis: true }');
  });

  it('forgets all, and lets in again, when it is started anew', async () => {
    using before = await RawConnection.open(redis);
    await before.send(['AUTH', user(), token()]);
    await before.send(['SET', 'restart', 'a']);
    await redis.gate.restart();
    expect(await before.send(['PING'])).toBe('');
    using after = await RawConnection.open(redis);
    expect(await after.send(['AUTH', user(), token()])).toBe('+OK\r\n');
    expect(await after.send(['GET', 'restart'])).toBe('$-1\r\n');
  });

  it('keeps what it has acknowledged, transactions and scripts too, with an append-only file', async () => {
    const settings = { appendonly: 'yes', appendfsync: 'always' };
    await using durable = await LocalRedis.start({ redis: { settings } });
    const login = [durable.entra.client.objectId, durable.entra.issueToken({ audience: redisAudience })];
    using before = await RawConnection.open(durable);
    await before.send(['AUTH', ...login]);
    await before.send(['SET', 'plain', 'a']);
    await before.send(['MULTI']);
    await before.send(['SET', 'transaction', 'a']);
    await before.send(['EXEC']);
    const script = "redis.call('SET', KEYS[1], 'a'); return redis.call('RPUSH', KEYS[2], 'a')";
    await before.send(['EVAL', script, '2', 'script', 'list']);
    await durable.gate.restart();
    using after = await RawConnection.open(durable);
    await after.send(['AUTH', ...login]);
    expect(await after.send(['EXISTS', 'plain', 'transaction', 'script', 'list'])).toBe(':4\r\n');
  });

  it('has read its file when the restart is done', async () => {
    const settings = { appendonly: 'yes', 'key-load-delay': 200 };
    await using durable = await LocalRedis.start({ redis: { settings } });
    const login = [
      'AUTH',
      durable.entra.client.objectId,
      durable.entra.issueToken({ audience: redisAudience }),
    ];
    using before = await RawConnection.open(durable);
    await before.send(login);
    const script =
      "for n = 1, 5000 do redis.call('SET', 'key:' .. n, 'a') end return redis.status_reply('OK')";
    expect(await before.send(['EVAL', script, '0'])).toBe('+OK\r\n');
    await durable.gate.restart();
    using after = await RawConnection.open(durable);
    await after.send(login);
    expect(await after.send(['DBSIZE'])).toBe(':5000\r\n');
  });

  it('lets in a token that was given while the server was down', async () => {
    const login = ['AUTH', user(), token()];
    let isDown = true;
    const restarted = redis.gate.restart().finally(() => (isDown = false));
    while (isDown) {
      using refused = await RawConnection.open(redis);
      expect(await refused.send(login)).toMatch(/^(\+OK\r\n)?$/);
    }
    await restarted;
    using connection = await RawConnection.open(redis);
    expect(await connection.send(login)).toBe('+OK\r\n');
  });

  it('closes idle, blocked and subscribed connections when the token of their last AUTH expires', async () => {
    const short = token(6);
    const expiry =
      1000 *
      (JSON.parse(Buffer.from(short.split('.')[1] ?? '', 'base64url').toString()) as { exp: number }).exp;
    const all = await Promise.all(Array.from({ length: 4 }, () => RawConnection.open(redis)));
    for (const connection of all) await connection.send(['AUTH', user(), short]);
    const [idle, blocked, subscribed, renewed] = all as [
      RawConnection,
      RawConnection,
      RawConnection,
      RawConnection,
    ];
    blocked.socket.write(encodeRequest(['BRPOP', 'nothing', '0']));
    await subscribed.send(['SUBSCRIBE', 'news']);
    await renewed.send(['AUTH', user(), token()]);

    await Promise.all([idle, blocked, subscribed].map(({ closed }) => closed));
    for (const { closedAt } of [idle, blocked, subscribed]) {
      expect(closedAt).toBeGreaterThanOrEqual(expiry);
      expect(closedAt).toBeLessThan(expiry + 5_000);
    }
    expect(redis.gate.closedForExpiry).toBe(3);
    expect(await renewed.send(['PING'])).toBe('+PONG\r\n');
    renewed.socket.destroy();
  });

  it('answers AUTH in its place: behind a block, queued in MULTI, refused to a subscriber of RESP2', async () => {
    using connection = await RawConnection.open(redis);
    await connection.send(['AUTH', user(), token()]);
    connection.socket.write(encodeRequest(['BRPOP', 'nothing', '0.2']));
    expect(await connection.send(['AUTH', user(), token()], /OK/)).toBe('*-1\r\n+OK\r\n');
    await connection.send(['MULTI']);
    expect(await connection.send(['AUTH', user(), token()])).toBe('+QUEUED\r\n');
    expect(await connection.send(['EXEC'], /OK/)).toBe('*1\r\n+OK\r\n');
    await connection.send(['SUBSCRIBE', 'news']);
    expect(await connection.send(['AUTH', user(), token()])).toMatch(/^-ERR Can't execute 'auth'/);
  });
});
