import { describe, expect, it } from '@jest/globals';

import {
  EntraRedisHealthIndicator,
  type RedisHealthOptions,
} from '../../../../lib/nest/health/entra-redis.health.js';
import { createEngine } from '../../../support/engine.js';

const host = '127.0.0.1';

function indicator() {
  const { service, clock, credential } = createEngine({ resources: { redis: {} }, startup: 'lazy' });
  const check = async (options: Partial<RedisHealthOptions> = {}) =>
    (await health.isHealthy('redis', { host, ...options })).redis;
  const health = new EntraRedisHealthIndicator(service, clock);
  return { health, check, clock, credential };
}

describe('EntraRedisHealthIndicator', () => {
  it.each([
    ['options', null, 'Give an object such as { host: "name.region.redis.azure.net" }.'],
    ['host', { host: 7 }, 'Give the name of the server.'],
    ['hosts', { hosts: host }, 'Did you mean "host"?'],
    ['port', { host, port: 0 }, 'Give a port from 1 to 65535, or leave it out for 10000.'],
    ['port', { host, port: 65_536 }, 'Give a port from 1 to 65535, or leave it out for 10000.'],
    [
      'timeoutInMs',
      { host, timeoutInMs: 0 },
      'Give milliseconds from 1 to 600000, or leave it out for 5000.',
    ],
    [
      'timeoutInMs',
      { host, timeoutInMs: 600_001 },
      'Give milliseconds from 1 to 600000, or leave it out for 5000.',
    ],
    ['username', { host, username: ' ' }, 'Leave it out for the "oid" of the token.'],
  ])('refuses a wrong "%s" before it asks for a token: %j', async (option, options, fix) => {
    const { health, credential } = indicator();
    await expect(health.isHealthy('redis', options as RedisHealthOptions)).rejects.toMatchObject({
      code: 'ENTRA_OPTIONS_INVALID',
      option,
      fix: expect.stringContaining(fix) as unknown,
    });
    expect(credential.calls).toEqual([]);
  });

  it.each([{ port: 1 }, { port: 65_535 }, { timeoutInMs: 1 }, { timeoutInMs: 600_000 }])(
    'takes %j, and reports what is wrong with the token',
    async (options) => {
      const { check, credential } = indicator();
      credential.fail('no identity here');
      expect(await check(options)).toMatchObject({
        status: 'down',
        message: expect.stringContaining('no identity here') as unknown,
        remedy: expect.any(String) as unknown,
      });
    },
  );

  it('is down after five seconds', async () => {
    const { check, clock, credential } = indicator();
    credential.hang();
    let report: unknown;
    const probe = check().then((found) => (report = found));
    await clock.advance(4_999);
    expect(report).toBeUndefined();
    await clock.advance(1);
    await probe;
    expect(report).toMatchObject({
      status: 'down',
      durationInMs: 5_000,
      message: expect.stringContaining('A probe of Redis took longer than 5000 ms.') as unknown,
    });
  });

  it('ends for a caller with a shorter deadline, which joined the probe of another', async () => {
    const { check, clock, credential } = indicator();
    credential.hang();
    const first = check();
    const second = check({ timeoutInMs: 100 });
    await clock.advance(100);
    expect(await second).toMatchObject({
      status: 'down',
      durationInMs: 100,
      message: expect.stringContaining('A probe of Redis took longer than 100 ms.') as unknown,
    });
    await clock.advance(4_900);
    expect(await first).toMatchObject({ durationInMs: 5_000 });
  });
});
