import KeyvRedis from '@keyv/redis';
import { CacheModule } from '@nestjs/cache-manager';
import { Logger, type DynamicModule } from '@nestjs/common';
import { EntraTokenService } from 'nestjs-entra-auth';
import { entraNodeRedisOptions } from 'nestjs-entra-auth/redis';

import type { RedisServer } from './server.js';

export function cacheModule({ host, port, ca }: RedisServer): DynamicModule {
  return CacheModule.registerAsync({
    inject: [EntraTokenService],
    useFactory: (tokens: EntraTokenService) => {
      const socket = { host, port, ...(ca && { ca }) };
      const store = new KeyvRedis(entraNodeRedisOptions(tokens, { socket, RESP: 3 }));
      store.client.on('error', ({ message }: Error) => new Logger('Cache').warn(message));
      return { stores: [store] };
    },
  });
}
