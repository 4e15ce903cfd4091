// The part of the public API that needs TypeORM. Whatever is not named here is private and may change in any release.
export { TypeOrmRefreshTokenStore } from './typeorm.refresh-token-store.js';
export type { TypeOrmRefreshTokenStoreOptions } from './typeorm.refresh-token-store.js';
export { EntraRefreshTokenEntity } from './entra-refresh-token.entity.js';
export type { EntraRefreshTokenRow } from './entra-refresh-token.entity.js';
export { CreateEntraRefreshToken1763683200000 } from './create-entra-refresh-token.migration.js';
