/** The local Redis of `nestjs-entra-auth/testing`; everything else in this folder is private. */
export { startLocalRedis } from './start-local-redis.js';
export type { LocalRedis, LocalRedisOptions } from './local-redis.js';
