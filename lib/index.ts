// The public API. Whatever is not named here is private and may change in any release.
export { EntraAuthModule } from './entra-auth.module.js';
export type {
  CredentialOption,
  EntraAuthModuleOptions,
  EntraAuthOptionsFactory,
  EntraCloud,
  RefreshOptions,
  OnDemandOptions,
  ResourceOptions,
  StartupMode,
} from './options/entra-auth-module.options.js';

export type { CredentialConfiguration, CredentialKind } from './credential/credential-configuration.js';

export { EntraTokenService } from './token/entra-token.service.js';
export type { TokenState, TokenStateName } from './token/token-state.js';
export type {
  AbortSignalLike,
  AccessToken,
  GetTokenOptions,
  TokenCredential,
  TokenCredentialFactory,
} from './credential/token-credential.js';

export { RefreshTokenCredential } from './credential/refresh-token/refresh-token.credential.js';
export type {
  ClientSecretMethod,
  RedeemOptions,
  RefreshTokenCredentialOptions,
  RefreshTokenSource,
  TokenEndpointVersion,
} from './credential/refresh-token/refresh-token.credential-options.js';
export { TokenResponse } from './credential/refresh-token/token-response.js';
export type {
  CredentialState,
  CredentialStateName,
  ReportingCredential,
} from './credential/credential-state.js';
export { MemoryRefreshTokenStore } from './credential/refresh-token-store/memory.refresh-token-store.js';
export type {
  ExclusiveOptions,
  RefreshTokenAccess,
  RefreshTokenSnapshot,
  RefreshTokenStore,
  SharedAccessToken,
  StoredRefreshToken,
} from './credential/refresh-token-store/refresh-token-store.js';
export { FileRefreshTokenStore } from './credential/refresh-token-store/file/file.refresh-token-store.js';
export type { FileRefreshTokenStoreOptions } from './credential/refresh-token-store/file/file.refresh-token-store.js';
export { EncryptedRefreshTokenStore } from './credential/refresh-token-store/encrypted/encrypted.refresh-token-store.js';
export type { EncryptedRefreshTokenStoreOptions } from './credential/refresh-token-store/encrypted/encrypted.refresh-token-store.js';
export type { RefreshTokenKeyRing } from './credential/refresh-token-store/encrypted/key-ring.js';

export { EntraTypeOrmOptionsFactory } from './datasource/entra-typeorm-options.factory.js';
export { evictConnections } from './datasource/evict-connections.js';
export { createEntraDataSource } from './datasource/create-entra-data-source.js';
export type {
  EntraDataSourceOptions,
  EntraEndpointOptions,
  EntraTlsOptions,
  UnverifiedDataSourceOptions,
  UnverifiedEndpointOptions,
} from './datasource/entra-data-source.options.js';
export { entraMySqlAuthPlugins } from './datasource/entra-mysql-auth-plugins.js';
export type { EntraMySqlAuthPlugins } from './datasource/entra-mysql-auth-plugins.js';
export type { LoginEvent } from './datasource/login-event.js';
export { roleNameFromToken } from './datasource/role-name.js';
export type { AccessTokenClaims } from './token/json-web-token.js';

export { GraphChallengeHandler } from './graph/graph-challenge.handler.js';
export type {
  GraphContext,
  GraphMiddleware,
  GraphRequestOptions,
  GraphResponse,
} from './graph/graph-middleware.js';
export { parseClaimsChallenge } from './graph/claims-challenge.js';

export { EntraTokenHealthIndicator } from './health/entra-token.health.js';
export type { EntraHealthResult, TokenHealthOptions } from './health/entra-token.health.js';
export { EntraDataSourceHealthIndicator } from './health/entra-data-source.health.js';
export type { DataSourceHealth, DataSourceHealthOptions } from './health/entra-data-source.health.js';

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
} from './observability/token-event.js';

export { EntraAuthError, isEntraAuthError } from './errors/entra-auth.error.js';
export type { EntraAuthErrorCode } from './errors/entra-auth.error.js';
export { CredentialUnavailableError } from './errors/credential-unavailable.error.js';
export { DatabaseLoginRefusedError } from './errors/database-login-refused.error.js';
export { DatabaseUnreachableError } from './errors/database-unreachable.error.js';
export { InsecureConnectionError } from './errors/insecure-connection.error.js';
export { InvalidTokenError } from './errors/invalid-token.error.js';
export type { InvalidTokenReason } from './errors/invalid-token.error.js';
export { EntraOptionsError } from './errors/options.error.js';
export { RoleNameUnknownError } from './errors/role-name-unknown.error.js';
export { InvalidClientError } from './errors/invalid-client.error.js';
export { ReauthenticationRequiredError } from './errors/reauthentication-required.error.js';
export { RefreshTokenConflictError } from './errors/refresh-token-conflict.error.js';
export { RefreshTokenExpiredError } from './errors/refresh-token-expired.error.js';
export { RefreshTokenStoreError } from './errors/refresh-token-store.error.js';
export { RefreshTokenUnreadableError } from './errors/refresh-token-unreadable.error.js';
export { EntraShutDownError } from './errors/shut-down.error.js';
export { EntraTimeoutError } from './errors/timeout.error.js';
export { TokenRequestFailedError } from './errors/token-request-failed.error.js';
export type { FailedTokenRequest } from './errors/token-request-failed.error.js';
export { TokenUnavailableError } from './errors/token-unavailable.error.js';
export { UnknownResourceError } from './errors/unknown-resource.error.js';

export type { Clock, TimerHandle } from './refresh/clock.js';
