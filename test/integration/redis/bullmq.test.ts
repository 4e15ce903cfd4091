import { setTimeout as sleep } from 'node:timers/promises';

import { getQueueToken, BullModule, Processor, WorkerHost } from '@nestjs/bullmq';
import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Queue } from 'bullmq';
import { EntraAuthModule } from 'nestjs-entra-auth';

import { bullModule } from '../../../docs/recipes/redis/bullmq.js';
import { eventually } from '../../support/eventually.js';
import { describeWithRedis, LocalRedis } from '../../support/redis/local-redis.js';

const done: number[] = [];
const errors: unknown[] = [];

@Processor('mail', { concurrency: 5 })
class MailProcessor extends WorkerHost {
  async process(job: { data: number }): Promise<void> {
    await sleep(20);
    done.push(job.data);
  }
}

describeWithRedis('BullMQ with tokens', () => {
  let redis: LocalRedis;

  beforeAll(async () => {
    redis = await LocalRedis.start({ tokenLifetimeInSeconds: 6 });
  });

  afterAll(() => redis?.[Symbol.asyncDispose]());

  const imports = () => [
    EntraAuthModule.forRoot({
      credential: redis.entra.credential(),
      resources: { redis: {} },
      isGlobal: true,
    }),
    bullModule({ host: redis.host, port: redis.port, ca: redis.certificateAuthority }),
    BullModule.registerQueue({ name: 'mail' }),
  ];

  it('does each job once through four token lives, busy and idle', async () => {
    const app = await Test.createTestingModule({ imports: imports(), providers: [MailProcessor] }).compile();
    await app.init();
    const queue = app.get<Queue<number>>(getQueueToken('mail'));
    app.get(MailProcessor).worker.on('error', (error) => errors.push(error));
    let added = 0;
    const add = async (durationInMs: number): Promise<void> => {
      for (const end = Date.now() + durationInMs; Date.now() < end; await sleep(30))
        await queue.add('mail', ++added);
    };

    await add(7_500);
    await sleep(9_000);
    await add(7_500);
    while (done.length < added) await sleep(50);

    expect(errors).toEqual([]);
    expect([...done].sort((a, b) => a - b)).toEqual(Array.from({ length: added }, (_, index) => index + 1));
    expect(redis.gate.closedForExpiry).toBe(0);
    await app.close();
    // The gate hears of the end a moment later.
    await eventually(() => redis.gate.openConnections <= 1);
    expect(redis.gate.openConnections).toBeLessThanOrEqual(1);
  }, 60_000);
});
