import type { PoolOptions } from 'mysql2';

import { optionalPackage } from '../common/optional-package.js';
import type { DatabaseConnector, DatabaseKind, LoginContext } from '../database/database-kind.js';
import {
  fitsUserName,
  type ResolvedMySqlDataSource,
  resolveMySqlDataSource,
} from './resolve-mysql-data-source.js';

/** Azure Database for MySQL through `mysql2`. */
export const mySqlKind: DatabaseKind<ResolvedMySqlDataSource> = {
  roleNames: { fit: fitsUserName, limit: '32 characters', listing: 'select user from mysql.user;' },
  resolve: resolveMySqlDataSource,
  unverifiedServers: () => [],
  withUsername: (dataSource, username) => {
    const primary = { ...dataSource.primary, username };
    return {
      ...dataSource,
      primary,
      endpoints: [primary],
      typeOrmOptions: { ...dataSource.typeOrmOptions, username },
    };
  },
  connector,
};

async function connector(
  dataSource: ResolvedMySqlDataSource,
  context: LoginContext,
): Promise<DatabaseConnector> {
  // Loaded on first use: an application without a data source needs none of it.
  const mysql2 = await optionalPackage({
    name: 'mysql2',
    option: 'dataSource',
    load: async () => (await import('mysql2')).default,
  });
  const { EntraMySqlPool } = await import('./entra-mysql-pool.js');
  const { MySqlIdleConnections } = await import('./mysql-idle-connections.js');
  const { MySqlLogin } = await import('./mysql-login.js');
  const { MySqlSingleLogin } = await import('./mysql-single-login.js');
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
