import { Redis } from 'ioredis';
import { entraRedisOptions, keepAuthenticated, type RedisTokenSource } from 'nestjs-entra-auth/redis';

import type { RedisServer } from './server.js';

export function createIoRedis(tokens: RedisTokenSource, { host, port, ca }: RedisServer): Redis {
  const options = entraRedisOptions(tokens, { host, port, ...(ca && { tls: { ca } }) });
  return keepAuthenticated(new Redis(options), tokens);
}
