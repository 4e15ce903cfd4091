/** What `nestjs-entra-auth/kafka` offers; everything else in this folder is private. */
export { entraOauthBearer } from './entra-oauth-bearer.js';
export type {
  ConfluentOauthBearer,
  EntraOauthBearerOptions,
  KafkaJsOauthBearer,
  PlatformaticOauthBearer,
} from './entra-oauth-bearer.js';
export type { KafkaTokenSource } from './kafka-logins.js';
