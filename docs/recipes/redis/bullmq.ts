import { BullModule } from '@nestjs/bullmq';
import { Logger, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { Redis } from 'ioredis';
import { EntraTokenService } from 'nestjs-entra-auth';
import { entraRedisOptions, keepAuthenticated } from 'nestjs-entra-auth/redis';

import type { RedisServer } from './server.js';

/** One client for all queues; BullMQ takes duplicates of it for what blocks, and they are kept logged in too. */
export class QueueClient implements OnApplicationShutdown {
  readonly redis: Redis;

  constructor({ host, port, ca }: RedisServer, tokens: EntraTokenService) {
    const options = { host, port, maxRetriesPerRequest: null, ...(ca && { tls: { ca } }) };
    this.redis = keepAuthenticated(new Redis(entraRedisOptions(tokens, options)), tokens);
    this.redis.on('error', ({ message }: Error) => new Logger('Redis').warn(message));
  }

  /** BullMQ ends only the clients that it has made. */
  onApplicationShutdown(): void {
    this.redis.disconnect();
  }
}

/** The client belongs to the global module, which Nest shuts down last: jobs that are under way still need it. */
export function bullModule(server: RedisServer): DynamicModule {
  const useFactory = (tokens: EntraTokenService): QueueClient => new QueueClient(server, tokens);
  return BullModule.forRootAsync({
    extraProviders: [{ provide: QueueClient, inject: [EntraTokenService], useFactory }],
    inject: [QueueClient],
    useFactory: ({ redis }: QueueClient) => ({ connection: redis }),
  });
}
