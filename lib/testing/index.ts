/** What `nestjs-entra-auth/testing` offers; everything else in this folder is private. */
export { startLocalEntra } from './start-local-entra.js';
export type { LocalEntra } from './local-entra.js';
export type { LocalEntraOptions } from './local-entra.options.js';
export type { LocalCredential, LocalTokenOptions } from './in-process.credential.js';
export type { ClientOptions } from './directory/client.options.js';
export type { LocalGroup } from './directory/groups.js';
export type { LocalMessage, LocalUser } from './directory/people.js';
export type { LocalClient } from './directory/file-backed.client.js';
export type { EnvironmentKind } from './environment.js';
export type { Fault, GrantFault, ResponseFault, TokenFault } from './faults/fault.js';
export type { Faults, FaultTarget } from './faults/faults.js';
export type { EndpointName } from './http/endpoint.js';
export type { ManagedIdentityOptions } from './managed-identity/managed-identity.options.js';
export type { RefreshTokenRotation, RefreshTokens } from './refresh-tokens/refresh-tokens.js';
export type { SignIn } from './refresh-tokens/sign-in.js';
export type { AuthorizationResponse, SignIns } from './sign-ins/sign-ins.js';
export type { RequestCounters } from './requests/request.counters.js';
export type { HandMadeToken, TokenSubject } from './tokens/hand-made-token.js';
export type { TokenLifetime } from './tokens/token-lifetime.js';
export type { TokenExpectation } from './tokens/verified-token.js';
export type { VerifiedClaims } from './tokens/verified-token.js';
export { TokenRefusedError, type TokenRefusedReason } from './token-refused.error.js';
export {
  fakeEntraTokens,
  type FakeEntraTokens,
  type FakeEntraTokensOptions,
} from './fakes/fake-entra-tokens.js';
export type { FakeTokenError, FakeTokenState, FakeTokenValue } from './fakes/fake-token.js';
export { ManualClock, type ManualTimer } from './manual-clock.js';
// Types only: the database is loaded on first use.
export type {
  EntraRole,
  LocalPostgres,
  LocalPostgresError,
  LocalPostgresErrorCode,
  LocalPostgresOptions,
  LoginCounters,
  LoginEvent,
  LoginFault,
  LoginRefusalReason,
} from './postgres/index.js';
export type { LocalRedis, LocalRedisOptions } from './redis/index.js';
