import { setTimeout as sleep } from 'node:timers/promises';

import { CACHE_MANAGER, type Cache } from '@nestjs/cache-manager';
import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { EntraAuthModule, EntraTokenService } from 'nestjs-entra-auth';

import { cacheModule } from '../../../docs/recipes/redis/cache.js';
import { describeWithRedis, LocalRedis } from '../../support/redis/local-redis.js';

describeWithRedis('the cache of Nest with tokens', () => {
  let redis: LocalRedis;

  beforeAll(async () => {
    redis = await LocalRedis.start({ tokenLifetimeInSeconds: 8 });
  });

  afterAll(() => redis?.[Symbol.asyncDispose]());

  const server = () => ({ host: redis.host, port: redis.port, ca: redis.certificateAuthority });

  it('lives through two token lives', async () => {
    const { entra } = redis;
    const app = await Test.createTestingModule({
      imports: [
        EntraAuthModule.forRoot({ credential: entra.credential(), resources: { redis: {} }, isGlobal: true }),
        cacheModule(server()),
      ],
    }).compile();
    await app.init();
    const cache = app.get<Cache>(CACHE_MANAGER);
    const closed = redis.gate.closedForExpiry;

    for (let value = 0, end = Date.now() + 16_000; Date.now() < end; value++, await sleep(50)) {
      await cache.set('key', value);
      expect(await cache.get('key')).toBe(value);
    }

    expect(redis.gate.closedForExpiry).toBe(closed);
    expect(app.get(EntraTokenService).state('redis')).toHaveLength(1);
    await app.close();
  });
});
