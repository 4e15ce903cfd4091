/** What `nestjs-entra-auth/redis` offers; everything else in this folder is private. */
export { entraNodeRedisOptions } from './entra-node-redis-options.js';
export type {
  EntraNodeRedisClientOptions,
  EntraNodeRedisClusterOptions,
  EntraNodeRedisOptions,
} from './entra-node-redis-options.js';
export { entraRedisCredentials } from './entra-redis-credentials.js';
export type {
  EntraRedisCredentials,
  EntraRedisCredentialsOptions,
  RedisBasicAuth,
  RedisCredentialsListener,
} from './entra-redis-credentials.js';
export { entraRedisOptions } from './entra-redis-options.js';
export type { EntraRedisClientOptions, EntraRedisOptions } from './entra-redis-options.js';
export { keepAuthenticated } from './keep-authenticated.js';
export type { RedisClient, RedisCluster } from './redis-client.js';
export { RedisLoginRefusedError } from './redis-login-refused.error.js';
export type { RedisLoginOptions, RedisTokenSource } from './redis-logins.js';
