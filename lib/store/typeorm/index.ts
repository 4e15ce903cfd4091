// The part of the public API that needs TypeORM. Whatever is not named here is private and may change in any release.
export { TypeOrmRefreshTokenStore } from './typeorm.refresh-token-store.js';
export type { TypeOrmRefreshTokenStoreOptions } from './typeorm.refresh-token-store.js';
export { EntraRefreshTokenEntity } from './entra-refresh-token.entity.js';
export type { EntraRefreshTokenRow } from './entra-refresh-token.entity.js';
export { CreateEntraRefreshToken1763683200000 } from './create-entra-refresh-token.migration.js';
export { TypeOrmTokenCache } from './typeorm.token-cache.js';
export type { TypeOrmTokenCacheOptions } from './typeorm.token-cache.js';
export { CreateEntraUserToken1795910400000 } from './create-entra-user-token.migration.js';
export { TypeOrmSignInStore } from './typeorm.sign-in-store.js';
export type { TypeOrmSignInStoreOptions } from './typeorm.sign-in-store.js';
export { EntraSignInEntity } from './entra-sign-in.entity.js';
export type { EntraSignInRow } from './entra-sign-in.entity.js';
export { CreateEntraSignIn1795914000000 } from './create-entra-sign-in.migration.js';
