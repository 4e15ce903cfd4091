import { BullModule } from '@nestjs/bullmq';
import { Logger, type DynamicModule } from '@nestjs/common';
import { Redis } from 'ioredis';
import { EntraTokenService } from 'nestjs-entra-auth';
import { entraRedisOptions, keepAuthenticated } from 'nestjs-entra-auth/redis';

import type { RedisServer } from './server.js';

/** One client for all queues; BullMQ takes duplicates of it for what blocks, and they are kept logged in too. */
export function bullModule({ host, port, ca }: RedisServer): DynamicModule {
  return BullModule.forRootAsync({
    inject: [EntraTokenService],
    useFactory: (tokens: EntraTokenService) => {
      const options = { host, port, maxRetriesPerRequest: null, ...(ca && { tls: { ca } }) };
      const client = new Redis(entraRedisOptions(tokens, options));
      client.on('error', ({ message }: Error) => new Logger('Redis').warn(message));
      return { connection: keepAuthenticated(client, tokens) };
    },
  });
}
