import { setTimeout as sleep } from 'node:timers/promises';

import { Controller, Module } from '@nestjs/common';
import { EventPattern, MessagePattern, type ClientProxy } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { EntraAuthModule, EntraTokenService } from 'nestjs-entra-auth';
import { firstValueFrom } from 'rxjs';

import { clientsModule, EntraServerRedis } from '../../../docs/recipes/redis/microservice.js';
import { eventually } from '../../support/eventually.js';
import { describeWithRedis, LocalRedis } from '../../support/redis/local-redis.js';

const events: number[] = [];

@Controller()
class Sums {
  @MessagePattern('sum')
  sum(numbers: number[]): number {
    return numbers.reduce((sum, one) => sum + one, 0);
  }

  @EventPattern('told')
  told(event: number): void {
    events.push(event);
  }
}

@Module({ controllers: [Sums] })
class SumsModule {}

describeWithRedis('the Redis transport of Nest with tokens', () => {
  let redis: LocalRedis;

  beforeAll(async () => {
    redis = await LocalRedis.start({ tokenLifetimeInSeconds: 8 });
  });

  afterAll(() => redis?.[Symbol.asyncDispose]());

  it('answers each request and hears of each event through two token lives', async () => {
    const server = { host: redis.host, port: redis.port, ca: redis.certificateAuthority };
    const { entra } = redis;
    const testing = await Test.createTestingModule({
      imports: [
        EntraAuthModule.forRoot({ credential: entra.credential(), resources: { redis: {} }, isGlobal: true }),
        clientsModule('SUMS', server),
        SumsModule,
      ],
    }).compile();
    const app = testing.createNestApplication();
    app.connectMicroservice({ strategy: new EntraServerRedis(app.get(EntraTokenService), server) });
    await app.startAllMicroservices();
    await app.init();
    const client = app.get<ClientProxy>('SUMS');
    await client.connect();

    const failures: unknown[] = [];
    let requests = 0;
    for (const end = Date.now() + 17_000; Date.now() < end; await sleep(20)) {
      requests++;
      const sum = firstValueFrom(client.send<number>('sum', [requests, 1]));
      await sum.then((answer) => expect(answer).toBe(requests + 1)).catch((error) => failures.push(error));
      await firstValueFrom(client.emit('told', requests)).catch((error: unknown) => failures.push(error));
    }
    await eventually(() => events.length >= requests);
    // Time for what came twice.
    await sleep(200);

    expect(failures).toEqual([]);
    expect(events).toEqual(Array.from({ length: requests }, (_, n) => n + 1));
    expect(redis.gate.closedForExpiry).toBe(0);
    await app.close();
    // The gate hears of the end a moment later.
    while (redis.gate.openConnections > 0) await sleep(5);
  });
});
