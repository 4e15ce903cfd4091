/** What `nestjs-entra-auth/users` offers; everything else in this folder and in `lib/users` is private. */
export { EntraUserTokenService } from './entra-user-token.service.js';
export { OnBehalfOf } from './on-behalf-of.decorator.js';
export { OnBehalfOfPipe } from './on-behalf-of.pipe.js';
export { UserChallengeFilter } from './user-challenge.filter.js';
export { InvalidAssertionError, UserInteractionRequiredError } from '../../users/user-token.error.js';
export { RedisTokenCache } from '../../store/redis/redis.token-cache.js';
export type { RedisTokenCacheOptions } from '../../store/redis/redis.token-cache.js';
export type { IoredisClient, NodeRedisClient } from '../../store/redis/redis-client.js';
export type {
  LeaseRequest,
  PutRequest,
  SharedRecord,
  SharedTokenCache,
} from '../../store/shared-token-cache.js';
export type { SharedCacheOptions } from '../../users/shared/shared-cache.options.js';
export type { SharedTokensState } from '../../users/shared/shared-tokens.js';
export { SharedCacheError } from '../../users/shared/shared-cache.error.js';
export type { ForgottenUser } from '../../users/forget-user.js';
export type { UserIdentity } from '../../users/person.js';
export type { UserTokenCredential } from '../../users/user-credential.js';
export type { UserTokenEvent } from '../../users/user-token-event.js';
export type { UserTokensState } from '../../users/user-tokens-state.js';
export type { UserTokenOptions } from '../../users/user-tokens.options.js';
export type { SignInResponse } from '../../users/sign-ins/adopted-response.js';
export { EncryptedSignInStore } from '../../store/sign-ins/encrypted.sign-in-store.js';
export { FileSignInStore } from '../../store/sign-ins/file.sign-in-store.js';
export { MemorySignInStore } from '../../store/sign-ins/memory.sign-in-store.js';
export type { LoadedSignIn, SignInStore, StoredSignIn } from '../../store/sign-ins/sign-in-store.js';
