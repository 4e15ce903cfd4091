/** What `nestjs-entra-auth/redis` offers; everything else in this folder is private. */
export { entraRedisCredentials } from './entra-redis-credentials.js';
export type {
  EntraRedisCredentials,
  RedisBasicAuth,
  RedisCredentialsListener,
} from './entra-redis-credentials.js';
export type { RedisLoginOptions, RedisTokenSource } from './redis-logins.js';
