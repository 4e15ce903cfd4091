import { Cluster } from 'ioredis';
import { entraRedisOptions, keepAuthenticated, type RedisTokenSource } from 'nestjs-entra-auth/redis';

/** @param tls the nodes name each other by address: `servername` is the name that their certificates have */
export function createIoRedisCluster(
  tokens: RedisTokenSource,
  nodes: { host: string; port: number }[],
  tls: { servername: string; ca?: string },
): Cluster {
  const redisOptions = entraRedisOptions(tokens, { tls });
  return keepAuthenticated(new Cluster(nodes, { redisOptions }), tokens);
}
