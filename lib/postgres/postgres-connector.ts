import type { DatabaseConnector, LoginContext } from '../database/database-kind.js';
import { createEntraDriver, loadPg } from './entra-driver.js';
import { EntraLogin } from './entra-login.js';
import { IdleConnections } from './idle-connections.js';
import type { ResolvedDataSource } from './resolve-data-source.js';
import { PostgresSingleLogin } from './single-login.js';
import { withPassword } from './typeorm-options.js';

/** Loads `pg` and lets its connections log in to one data source. */
export async function postgresConnector(
  dataSource: ResolvedDataSource,
  context: LoginContext,
): Promise<DatabaseConnector> {
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
