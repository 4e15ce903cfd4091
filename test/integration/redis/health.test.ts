import { Controller, Get, Logger, Module } from '@nestjs/common';
import { HealthCheck, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { Test } from '@nestjs/testing';
import type { INestApplication } from '@nestjs/common';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { EntraAuthModule, EntraRedisHealthIndicator } from 'nestjs-entra-auth';

import { describeWithRedis, LocalRedis } from '../../support/redis/local-redis.js';
import { SecretScan } from '../../support/secret-scan.js';

Logger.overrideLogger(false);

/** Where the controller finds its Redis. */
const server = { host: '', port: 0, tls: { ca: '' } };

@Controller('health')
class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly redis: EntraRedisHealthIndicator,
  ) {}

  @Get()
  @HealthCheck()
  ready() {
    return this.health.check([() => this.redis.isHealthy('redis', server)]);
  }
}

@Module({ imports: [TerminusModule.forRoot({ logger: false })], controllers: [HealthController] })
class HealthModule {}

describeWithRedis('EntraRedisHealthIndicator', () => {
  let redis: LocalRedis;
  let app: INestApplication;
  let health: EntraRedisHealthIndicator;

  beforeAll(async () => {
    redis = await LocalRedis.start();
    Object.assign(server, { host: redis.host, port: redis.port, tls: redis.tls });
    const credential = redis.entra.credential();
    const testing = await Test.createTestingModule({
      imports: [EntraAuthModule.forRoot({ credential, resources: { redis: {} } }), HealthModule],
    }).compile();
    app = testing.createNestApplication();
    await app.listen(0, '127.0.0.1');
    health = app.get(EntraRedisHealthIndicator);
  });

  afterAll(async () => {
    await app?.close();
    await redis?.[Symbol.asyncDispose]();
  });

  it('is up when a new connection logs in, once for all who ask within five seconds', async () => {
    const ask = async () => {
      const response = await fetch(`${await app.getUrl()}/health`);
      return { code: response.status, body: (await response.json()) as object };
    };
    const [first, second] = await Promise.all([ask(), ask()]);
    expect(first).toMatchObject({ code: 200, body: { info: { redis: { status: 'up' } } } });
    expect(second.code).toBe(200);
    expect([redis.gate.connections, redis.gate.logins]).toEqual([1, { accepted: 1, refused: 0 }]);
    while (redis.gate.openConnections > 0) await new Promise(setImmediate);
  });

  it('is down with the reason and the remedy, and without the token, when the login is refused', async () => {
    redis.gate.refuses = 'all';
    const report = await health.isHealthy('redis', { ...server, username: 'another' });
    redis.gate.refuses = 'none';
    expect(report.redis).toMatchObject({
      status: 'down',
      message: expect.stringMatching(/refused the login of the user "another".*WRONGPASS/) as unknown,
      remedy: expect.any(String) as unknown,
    });
    const scan = new SecretScan();
    scan.value('the report', report);
    expect(scan.leaks()).toEqual([]);
  });

  it('is down for a server that is not verified, and gives it no token', async () => {
    const before = redis.gate.logins;
    const { host, port } = server;
    const report = await health.isHealthy('redis', { host, port, username: 'unverified' });
    expect(report.redis).toMatchObject({
      status: 'down',
      message: expect.stringMatching(/certificate/) as unknown,
    });
    expect(redis.gate.logins).toEqual(before);
  });

  it('is down after its time', async () => {
    await redis.entra.faults.set('token', { kind: 'hang-before-headers' });
    const lazy = await Test.createTestingModule({
      imports: [
        EntraAuthModule.forRoot({
          credential: redis.entra.credential(),
          resources: { redis: {} },
          startup: 'lazy',
        }),
      ],
    }).compile();
    const report = await lazy
      .get(EntraRedisHealthIndicator)
      .isHealthy('redis', { ...server, timeoutInMs: 50 });
    expect(report.redis).toMatchObject({
      status: 'down',
      message: expect.stringMatching(/longer than 50 ms/) as unknown,
    });
    await redis.entra.faults.clear();
    await lazy.close();
  });

  it.each([
    [{ host: 'rediss://name' }, /Invalid option "host"/],
    [{ host: 'name', tls: { rejectUnauthorized: false } }, /Invalid option "tls.rejectUnauthorized"/],
    [{ host: 'name', timeoutInMs: 0 }, /timeoutInMs/],
    [{ host: 'name', resource: 'cache' }, /cache/],
    [{ host: 'name', password: 'secret' }, /password/],
    [{}, /host.*Give the name of the server/],
  ])('refuses %j', async (options, message) => {
    await expect(health.isHealthy('redis', options as typeof server)).rejects.toThrow(message);
  });
});
