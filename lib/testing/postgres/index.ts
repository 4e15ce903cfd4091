/** The local PostgreSQL of `nestjs-entra-auth/testing`; everything else in this folder is private. */
export { beginCluster, startLocalPostgres } from './start-local-postgres.js';
export type { DatabaseCluster } from './cluster/database.cluster.js';
export type { LocalPostgres } from './local-postgres.js';
export type { LocalPostgresOptions } from './local-postgres.options.js';
export { LocalPostgresError, type LocalPostgresErrorCode } from './local-postgres.error.js';
export type { EntraRole } from './login/entra-roles.js';
export type { LoginFault } from './login/login-fault.js';
export type { LoginCounters } from './login/login-tally.js';
export type { LoginEvent } from './login/login-tally.js';
export type { LoginRefusalReason } from './login/login-refusal.factory.js';
