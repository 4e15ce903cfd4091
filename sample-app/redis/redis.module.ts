import KeyvRedis from '@keyv/redis';
import { BullModule } from '@nestjs/bullmq';
import { CacheModule } from '@nestjs/cache-manager';
import { Logger, Module } from '@nestjs/common';
import { EntraTokenService } from 'nestjs-entra-auth';
import { entraNodeRedisOptions } from 'nestjs-entra-auth/redis';

import { Platform } from '../platform/platform.js';
import { RemindersModule } from '../reminders/reminders.module.js';
import { SummaryModule } from '../summary/summary.module.js';
import { QueueClient } from './queue.client.js';

/** Queue and cache in Redis, and what uses them. */
@Module({
  imports: [
    // The client belongs to this global module, which Nest shuts down last: jobs that are under way still need it.
    BullModule.forRootAsync({
      extraProviders: [QueueClient],
      inject: [QueueClient],
      useFactory: ({ redis }: QueueClient) => ({ connection: redis }),
    }),
    CacheModule.registerAsync({
      isGlobal: true,
      inject: [EntraTokenService, Platform],
      useFactory: (tokens: EntraTokenService, { redis }: Platform) => {
        const socket = { host: redis?.host, port: redis?.port, ...redis?.tls };
        const store = new KeyvRedis(entraNodeRedisOptions(tokens, { socket, RESP: 3 }));
        store.client.on('error', ({ message }: Error) => new Logger('Cache').warn(message));
        return { stores: [store] };
      },
    }),
    RemindersModule,
    SummaryModule,
  ],
})
export class RedisModule {}
