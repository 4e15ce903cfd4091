import type { DatabaseKind } from '../database/database-kind.js';
import { type ResolvedMsSqlDataSource, resolveMsSqlDataSource } from './resolve-mssql-data-source.js';

/** Azure SQL through `mssql`. Its logins ask for no role: the server finds the user by the token. */
export const msSqlKind: DatabaseKind<ResolvedMsSqlDataSource> = {
  resolve: resolveMsSqlDataSource,
  unverifiedServers: () => [],
  // Loaded on first use: an application without a data source needs none of it.
  connector: async (dataSource, context) =>
    (await import('./mssql-connector.js')).msSqlConnector(dataSource, context),
};
