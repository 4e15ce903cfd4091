// The public API: what is not named here is private and may change in any release. A type that belongs to one of these
// is reached through it, such as `EntraAuthModuleOptions['refresh']` or `Extract<TokenEvent, { type: 'refreshed' }>`.
export { EntraAuthModule } from './nest/entra-auth.module.js';
export type {
  CredentialOption,
  EntraAuthModuleOptions,
  EntraAuthOptionsFactory,
  ResourceOptions,
} from './options/entra-auth-module.options.js';
export type { CredentialConfiguration } from './credential/credential-configuration.js';
export type { Clock } from './common/clock.js';

export { EntraTokenService } from './nest/entra-token.service.js';
export type { TokenEvent } from './engine/token-event.js';
export type { TokenState } from './engine/token-state.js';
export type {
  AccessToken,
  GetTokenOptions,
  TokenCredential,
  TokenCredentialFactory,
} from './entra/token-credential.js';
export type { CredentialState, ReportingCredential } from './entra/credential-state.js';

export { RefreshTokenCredential } from './refresh-token/refresh-token.credential.js';
export type { RefreshTokenCredentialOptions } from './refresh-token/refresh-token.credential-options.js';
export { TokenResponse } from './refresh-token/token-response.js';
export { EncryptedRefreshTokenStore } from './store/encrypted/encrypted.refresh-token-store.js';
export type { RefreshTokenKeyRing } from './store/encrypted/key-ring.js';
export { FileRefreshTokenStore } from './store/file/file.refresh-token-store.js';
export { MemoryRefreshTokenStore } from './store/memory.refresh-token-store.js';
export type {
  ExclusiveOptions,
  RefreshTokenAccess,
  RefreshTokenSnapshot,
  RefreshTokenStore,
  StoredRefreshToken,
} from './store/refresh-token-store.js';

export { EntraTypeOrmOptionsFactory } from './nest/entra-typeorm-options.factory.js';
export { evictConnections } from './postgres/evict-connections.js';
export { roleNameFromToken } from './database/role-name.js';
export { createEntraDataSource } from './standalone/create-entra-data-source.js';
export type {
  EntraDataSourceOptions,
  UnverifiedDataSourceOptions,
} from './postgres/entra-data-source.options.js';
export type { EntraMsSqlDataSourceOptions } from './mssql/mssql-data-source.options.js';
export type { EntraMySqlDataSourceOptions } from './mysql/mysql-data-source.options.js';
export type { LoginEvent } from './database/login-event.js';
export { entraMySqlAuthPlugins } from './mysql/entra-mysql-auth-plugins.js';

export { GraphChallengeHandler } from './graph/graph-challenge.handler.js';
export { parseClaimsChallenge } from './graph/claims-challenge.js';

export { EntraDataSourceHealthIndicator } from './nest/health/entra-data-source.health.js';
export type { DataSourceHealth } from './nest/health/entra-data-source.health.js';
export { EntraRedisHealthIndicator } from './nest/health/entra-redis.health.js';
export { EntraTokenHealthIndicator } from './nest/health/entra-token.health.js';
export type { EntraHealthResult } from './nest/health/health-status.js';

export {
  EntraAuthError,
  EntraOptionsError,
  EntraShutDownError,
  EntraTimeoutError,
  InsecureConnectionError,
  isEntraAuthError,
} from './common/entra-auth.error.js';
export type { EntraAuthErrorCode } from './common/entra-auth.error.js';
export { CredentialUnavailableError } from './credential/credential.error.js';
export { TokenUnavailableError } from './engine/token-unavailable.error.js';
export { UnknownResourceError } from './engine/unknown-resource.error.js';
export { InvalidTokenError } from './entra/invalid-token.error.js';
export {
  InvalidClientError,
  ReauthenticationRequiredError,
  RefreshTokenExpiredError,
  TokenRequestFailedError,
} from './entra/token-endpoint.error.js';
export {
  DatabaseLoginRefusedError,
  DatabaseUnreachableError,
  RoleNameUnknownError,
} from './database/database.error.js';
export {
  RefreshTokenConflictError,
  RefreshTokenStoreError,
  RefreshTokenUnreadableError,
} from './store/refresh-token-store.error.js';
