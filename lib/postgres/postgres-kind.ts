import type { DatabaseKind } from '../database/database-kind.js';
import { resolveDataSource, type ResolvedDataSource } from './resolve-data-source.js';
import { fitsRoleName } from './resolve-endpoint.js';
import { verifiesServer } from './server-verification.js';
import { withUsername } from './typeorm-options.js';

/** PostgreSQL through `pg`. */
export const postgresKind: DatabaseKind<ResolvedDataSource> = {
  roles: {
    names: {
      fit: fitsRoleName,
      limit: '63 bytes',
      listing: 'select * from pgaadauth_list_principals(false);',
    },
    withUsername,
  },
  resolve: resolveDataSource,
  unverifiedServers: ({ endpoints }) => endpoints.filter(({ ssl }) => !verifiesServer(ssl)),
  // Loaded on first use: an application without a data source needs none of it.
  connector: async (dataSource, context) =>
    (await import('./postgres-connector.js')).postgresConnector(dataSource, context),
};
