import type { DatabaseKind } from '../database/database-kind.js';
import {
  fitsUserName,
  type ResolvedMySqlDataSource,
  resolveMySqlDataSource,
} from './resolve-mysql-data-source.js';

/** Azure Database for MySQL through `mysql2`. */
export const mySqlKind: DatabaseKind<ResolvedMySqlDataSource> = {
  roles: {
    names: { fit: fitsUserName, limit: '32 characters', listing: 'select user from mysql.user;' },
    withUsername: (dataSource, username) => {
      const primary = { ...dataSource.primary, username };
      const typeOrmOptions = { ...dataSource.typeOrmOptions, username };
      return { ...dataSource, primary, endpoints: [primary], typeOrmOptions };
    },
  },
  resolve: resolveMySqlDataSource,
  unverifiedServers: () => [],
  // Loaded on first use: an application without a data source needs none of it.
  connector: async (dataSource, context) =>
    (await import('./mysql-connector.js')).mySqlConnector(dataSource, context),
};
