// The public API. Whatever is not named here is private and may change in any release.
export { EntraAuthModule } from './nest/entra-auth.module.js';
export type {
  CredentialOption,
  EntraAuthModuleOptions,
  EntraAuthOptionsFactory,
  RefreshOptions,
  OnDemandOptions,
  ResourceOptions,
} from './options/entra-auth-module.options.js';

export type { CredentialConfiguration, CredentialKind } from './credential/credential-configuration.js';

export type { EntraCloud } from './entra/clouds.js';
export type { StartupMode } from './engine/engine-settings.js';

export { EntraTokenService } from './nest/entra-token.service.js';
export type { TokenState, TokenStateName } from './engine/token-state.js';
export type {
  AbortSignalLike,
  AccessToken,
  GetTokenOptions,
  TokenCredential,
  TokenCredentialFactory,
} from './entra/token-credential.js';

export { RefreshTokenCredential } from './refresh-token/refresh-token.credential.js';
export type {
  ClientSecretMethod,
  RedeemOptions,
  RefreshTokenCredentialOptions,
  RefreshTokenSource,
  TokenEndpointVersion,
} from './refresh-token/refresh-token.credential-options.js';
export { TokenResponse } from './refresh-token/token-response.js';
export type { CredentialState, CredentialStateName, ReportingCredential } from './entra/credential-state.js';
export { MemoryRefreshTokenStore } from './store/memory.refresh-token-store.js';
export type {
  ExclusiveOptions,
  RefreshTokenAccess,
  RefreshTokenSnapshot,
  RefreshTokenStore,
  SharedAccessToken,
  StoredRefreshToken,
} from './store/refresh-token-store.js';
export { FileRefreshTokenStore } from './store/file/file.refresh-token-store.js';
export type { FileRefreshTokenStoreOptions } from './store/file/file.refresh-token-store.js';
export { EncryptedRefreshTokenStore } from './store/encrypted/encrypted.refresh-token-store.js';
export type { EncryptedRefreshTokenStoreOptions } from './store/encrypted/encrypted.refresh-token-store.js';
export type { RefreshTokenKeyRing } from './store/encrypted/key-ring.js';

export { EntraTypeOrmOptionsFactory } from './nest/entra-typeorm-options.factory.js';
export { evictConnections } from './postgres/evict-connections.js';
export { createEntraDataSource } from './standalone/create-entra-data-source.js';
export type {
  EntraDataSourceOptions,
  EntraEndpointOptions,
  EntraTlsOptions,
  UnverifiedDataSourceOptions,
  UnverifiedEndpointOptions,
} from './postgres/entra-data-source.options.js';
export { entraMySqlAuthPlugins } from './mysql/entra-mysql-auth-plugins.js';
export type { EntraMySqlAuthPlugins } from './mysql/entra-mysql-auth-plugins.js';
export type { LoginEvent } from './postgres/login-event.js';
export { roleNameFromToken } from './postgres/role-name.js';
export type { AccessTokenClaims } from './entra/json-web-token.js';

export { GraphChallengeHandler } from './graph/graph-challenge.handler.js';
export type {
  GraphContext,
  GraphMiddleware,
  GraphRequestOptions,
  GraphResponse,
} from './graph/graph-middleware.js';
export { parseClaimsChallenge } from './graph/claims-challenge.js';

export { EntraTokenHealthIndicator } from './nest/health/entra-token.health.js';
export type { EntraHealthResult, TokenHealthOptions } from './nest/health/entra-token.health.js';
export { EntraDataSourceHealthIndicator } from './nest/health/entra-data-source.health.js';
export type { DataSourceHealth, DataSourceHealthOptions } from './nest/health/entra-data-source.health.js';

export type {
  ClockSkewEvent,
  CredentialRecoveredEvent,
  CredentialTroubleEvent,
  ReauthenticationRequiredEvent,
  TokenEvent,
  TokenHeldEvent,
  TokenObtainedEvent,
  TokenRefreshFailedEvent,
  TokenUnchangedEvent,
} from './engine/token-event.js';

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
export { DatabaseLoginRefusedError } from './postgres/database-login-refused.error.js';
export { DatabaseUnreachableError } from './postgres/database-unreachable.error.js';
export { InvalidTokenError } from './entra/invalid-token.error.js';
export type { InvalidTokenReason } from './entra/invalid-token.error.js';
export { RoleNameUnknownError } from './postgres/role-name-unknown.error.js';
export {
  InvalidClientError,
  ReauthenticationRequiredError,
  RefreshTokenExpiredError,
  TokenRequestFailedError,
} from './entra/token-endpoint.error.js';
export {
  RefreshTokenConflictError,
  RefreshTokenStoreError,
  RefreshTokenUnreadableError,
} from './store/refresh-token-store.error.js';
export type { FailedTokenRequest } from './entra/token-endpoint.error.js';
export { TokenUnavailableError } from './engine/token-unavailable.error.js';
export { UnknownResourceError } from './engine/unknown-resource.error.js';

export type { Clock, TimerHandle } from './common/clock.js';
