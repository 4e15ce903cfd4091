import { setTimeout as sleep } from 'node:timers/promises';

import { getQueueToken, BullModule, Processor, WorkerHost } from '@nestjs/bullmq';
import { Test, type TestingModule } from '@nestjs/testing';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Queue } from 'bullmq';
import { EntraAuthModule } from 'nestjs-entra-auth';

import { bullModule, QueueClient } from '../../../docs/recipes/redis/bullmq.js';
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

@Processor('mail')
class SlowProcessor extends WorkerHost {
  readonly begun: number[] = [];

  async process(job: { data: number }): Promise<void> {
    this.begun.push(job.data);
    await sleep(1_000);
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

  /** The socket closes a moment later. */
  const expectEnd = async (app: TestingModule): Promise<void> => {
    const { redis: client } = app.get(QueueClient);
    await eventually(() => client.status === 'end');
    expect(client.status).toBe('end');
  };

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
    await expectEnd(app);
  });

  it('completes the jobs that are under way when the application closes, and ends its connections', async () => {
    const app = await Test.createTestingModule({ imports: imports(), providers: [SlowProcessor] }).compile();
    await app.init();
    const queue = app.get<Queue<number>>(getQueueToken('mail'));
    await queue.add('mail', -1);
    await eventually(() => app.get(SlowProcessor).begun.length === 1);
    await app.close();
    await expectEnd(app);
    // The gate hears of the end a moment later.
    await eventually(() => redis.gate.openConnections === 0);
    expect(redis.gate.openConnections).toBe(0);

    const later = await Test.createTestingModule({ imports: imports() }).compile();
    await later.init();
    const counts = await later
      .get<Queue<number>>(getQueueToken('mail'))
      .getJobCounts('active', 'waiting', 'failed');
    await later.close();
    expect(counts).toEqual({ active: 0, waiting: 0, failed: 0 });
  });
});
