import { optionalPackage } from '../common/optional-package.js';
import type { DatabaseConnector, LoginContext } from '../database/database-kind.js';
import { entraMsSqlPool } from './entra-mssql-pool.js';
import type { TediousConnection } from './mssql-driver.js';
import { MsSqlIdleConnections } from './mssql-idle-connections.js';
import { MsSqlLogin } from './mssql-login.js';
import { MsSqlSingleLogin } from './mssql-single-login.js';
import type { ResolvedMsSqlDataSource } from './resolve-mssql-data-source.js';

/** Loads `mssql` and lets its connections log in to one data source. */
export async function msSqlConnector(
  dataSource: ResolvedMsSqlDataSource,
  context: LoginContext,
): Promise<DatabaseConnector> {
  const mssql = await optionalPackage({
    name: 'mssql',
    option: 'dataSource',
    load: async () => (await import('mssql')).default,
  });
  const login = new MsSqlLogin(dataSource, context);
  const idle = new MsSqlIdleConnections();
  const ConnectionPool = entraMsSqlPool(mssql.ConnectionPool, login, idle);
  const run = (connection: TediousConnection, query: string): Promise<unknown> =>
    new mssql.Request(requestsOf(connection)).query(query);
  return {
    typeOrmOptions: () => ({ ...dataSource.typeOrmOptions, driver: { ...mssql, ConnectionPool } }),
    singleLogin: () => new MsSqlSingleLogin(login, ConnectionPool, run),
    askIdle: (query) => idle.ask((connection) => run(connection, query)),
  };
}

/** Stands for a pool, or a transaction, with one connection. */
function requestsOf(connection: TediousConnection): object {
  const config = { stream: false, parseJSON: false, arrayRowMode: false };
  return {
    connected: true,
    config,
    acquire: (_request: unknown, callback: (error: null, ...given: object[]) => void) =>
      callback(null, connection, config),
    release: () => undefined,
  };
}
