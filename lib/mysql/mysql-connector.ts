import type { PoolOptions } from 'mysql2';

import { optionalPackage } from '../common/optional-package.js';
import type { DatabaseConnector, LoginContext } from '../database/database-kind.js';
import { EntraMySqlPool } from './entra-mysql-pool.js';
import { MySqlIdleConnections } from './mysql-idle-connections.js';
import { MySqlLogin } from './mysql-login.js';
import { MySqlSingleLogin } from './mysql-single-login.js';
import type { ResolvedMySqlDataSource } from './resolve-mysql-data-source.js';

/** Loads `mysql2` and lets its connections log in to one data source. */
export async function mySqlConnector(
  dataSource: ResolvedMySqlDataSource,
  context: LoginContext,
): Promise<DatabaseConnector> {
  const mysql2 = await optionalPackage({
    name: 'mysql2',
    option: 'dataSource',
    load: async () => (await import('mysql2')).default,
  });
  const { clock } = context;
  const login = new MySqlLogin(dataSource, context);
  const idle = new MySqlIdleConnections();
  const createPool = (options: PoolOptions) => {
    const pool = mysql2.createPool({ ...options, ...login.connectionOptions });
    return EntraMySqlPool.equip(pool, { login, clock, idle });
  };
  return {
    typeOrmOptions: () => ({ ...dataSource.typeOrmOptions, driver: { ...mysql2, createPool } }),
    singleLogin: () => new MySqlSingleLogin(login, mysql2.createConnection, clock),
    askIdle: (query) => idle.ask(query),
  };
}
