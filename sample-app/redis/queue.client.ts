import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Redis } from 'ioredis';
import { EntraTokenService } from 'nestjs-entra-auth';
import { entraRedisOptions, keepAuthenticated } from 'nestjs-entra-auth/redis';

import { Platform } from '../platform/platform.js';

/** One client for all queues. BullMQ takes duplicates of it for what blocks, and they are kept logged in too. */
@Injectable()
export class QueueClient implements OnApplicationShutdown {
  readonly redis: Redis;

  constructor(tokens: EntraTokenService, platform: Platform) {
    const options = entraRedisOptions(tokens, { ...platform.redis, maxRetriesPerRequest: null });
    this.redis = keepAuthenticated(new Redis(options), tokens);
    this.redis.on('error', ({ message }: Error) => new Logger('Redis').warn(message));
  }

  /** BullMQ ends only the clients that it has made. */
  onApplicationShutdown(): void {
    this.redis.disconnect();
  }
}
