import type { DynamicModule } from '@nestjs/common';
import { ClientRedis, ClientsModule, ServerRedis, type RedisOptions } from '@nestjs/microservices';
import type { Redis } from 'ioredis';
import { EntraTokenService } from 'nestjs-entra-auth';
import { entraRedisOptions, keepAuthenticated } from 'nestjs-entra-auth/redis';

import type { RedisServer } from './server.js';

type Options = NonNullable<RedisOptions['options']> & { tokens: EntraTokenService };

/** Retries without a limit: otherwise Nest gives a connection up for good. */
function redisOptions(tokens: EntraTokenService, { host, port, ca }: RedisServer): Options {
  const retry = { retryAttempts: Infinity, retryDelay: 500 };
  return { ...entraRedisOptions(tokens, { host, port, ...(ca && { tls: { ca } }) }), ...retry, tokens };
}

class EntraClientRedis extends ClientRedis {
  constructor(protected override readonly options: Options) {
    super(options);
  }

  override async createClient(): Promise<Redis> {
    const client = (await super.createClient()) as Redis;
    return keepAuthenticated(client, this.options.tokens);
  }
}

/** For `app.connectMicroservice({ strategy: new EntraServerRedis(app.get(EntraTokenService), server) })`. */
export class EntraServerRedis extends ServerRedis {
  constructor(
    private readonly tokens: EntraTokenService,
    server: RedisServer,
  ) {
    super(redisOptions(tokens, server));
  }

  override async createRedisClient(): Promise<Redis> {
    const client = (await super.createRedisClient()) as Redis;
    return keepAuthenticated(client, this.tokens);
  }
}

/** A `ClientProxy` by this name. */
export function clientsModule(name: string, server: RedisServer): DynamicModule {
  return ClientsModule.registerAsync([
    {
      name,
      inject: [EntraTokenService],
      useFactory: (tokens: EntraTokenService) => ({
        customClass: EntraClientRedis,
        options: redisOptions(tokens, server),
      }),
    },
  ]);
}
