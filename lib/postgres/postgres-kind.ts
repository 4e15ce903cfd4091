import type { DatabaseConnector, DatabaseKind, LoginContext } from '../database/database-kind.js';
import { resolveDataSource, type ResolvedDataSource } from './resolve-data-source.js';
import { fitsRoleName } from './resolve-endpoint.js';
import { verifiesServer } from './server-verification.js';
import { withPassword, withUsername } from './typeorm-options.js';

/** PostgreSQL through `pg`. */
export const postgresKind: DatabaseKind<ResolvedDataSource> = {
  roleNames: {
    fit: fitsRoleName,
    limit: '63 bytes',
    listing: 'select * from pgaadauth_list_principals(false);',
  },
  resolve: resolveDataSource,
  unverifiedServers: ({ endpoints }) => endpoints.filter(({ ssl }) => !verifiesServer(ssl)),
  withUsername,
  connector,
};

async function connector(dataSource: ResolvedDataSource, context: LoginContext): Promise<DatabaseConnector> {
  // Loaded on first use: an application without a data source needs none of it.
  const { createEntraDriver, loadPg } = await import('./entra-driver.js');
  const { EntraLogin } = await import('./entra-login.js');
  const { IdleConnections } = await import('./idle-connections.js');
  const { PostgresSingleLogin } = await import('./single-login.js');
  const pgModule = await loadPg();
  const login = new EntraLogin(dataSource, context);
  const idle = new IdleConnections();
  const driver = createEntraDriver(pgModule, login, context.clock, idle);
  return {
    typeOrmOptions: () => ({ ...withPassword(dataSource.typeOrmOptions, login.password), driver }),
    singleLogin: () => new PostgresSingleLogin(login, driver),
    askIdle: (query) => idle.ask(query),
  };
}
