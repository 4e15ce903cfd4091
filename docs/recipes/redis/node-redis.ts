import { entraRedisCredentials, type RedisTokenSource } from 'nestjs-entra-auth/redis';
import { createClient } from 'redis';

import type { RedisServer } from './server.js';

export function createNodeRedis(tokens: RedisTokenSource, { host, port, ca }: RedisServer) {
  return createClient({
    socket: { tls: true, host, port, ...(ca && { ca }) },
    credentialsProvider: entraRedisCredentials(tokens),
    RESP: 3,
  });
}
