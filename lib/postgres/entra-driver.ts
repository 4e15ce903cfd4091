import type pg from 'pg';

import type { Clock } from '../common/clock.js';
import { optionalPackage } from '../common/optional-package.js';
import { entraClientOf } from './entra-client.js';
import type { EntraLogin } from './entra-login.js';
import { entraPoolOf } from './entra-pool.js';
import { IdleConnections } from './idle-connections.js';

type PgModule = typeof pg;

/** @throws {EntraOptionsError} when `pg` is not installed */
export function loadPg(): Promise<PgModule> {
  return optionalPackage({
    name: 'pg',
    option: 'dataSource',
    load: async () => (await import('pg')).default,
  });
}

/**
 * pg with the client and the pool of this module. Given to TypeORM as its `driver`, so that `pg-native` is never picked
 * up and every pool is this one.
 */
export function createEntraDriver(
  driver: PgModule,
  login: EntraLogin,
  clock: Clock,
  idle = new IdleConnections(),
): PgModule {
  const Client = entraClientOf(driver, login, clock);
  return { ...driver, Client, Pool: entraPoolOf(driver, { Client, login, clock, idle }) };
}
