import { entraNodeRedisOptions, type RedisTokenSource } from 'nestjs-entra-auth/redis';
import { createClient } from 'redis';

import type { RedisServer } from './server.js';

export function createNodeRedis(tokens: RedisTokenSource, { host, port, ca }: RedisServer) {
  const socket = { host, port, ...(ca && { ca }) };
  return createClient(entraNodeRedisOptions(tokens, { socket, RESP: 3 }));
}
