import type { DataSource } from 'typeorm';

import { refreshTokenTable } from './entra-refresh-token.entity.js';
import { signInTable } from './entra-sign-in.entity.js';

export interface TablePath {
  /** Quoted for SQL, with the schema. */
  readonly quoted: string;
  /** Name of the constraint, as TypeORM gives it. */
  readonly primaryKey: string;
}

/** Locates the table of refresh tokens by the schema, the prefix and the naming strategy of a data source. */
export function refreshTokenPath(dataSource: DataSource): TablePath {
  return tablePath(dataSource, 'EntraRefreshToken', refreshTokenTable);
}

/** Locates the table of sign-ins. */
export function signInPath(dataSource: DataSource): TablePath {
  return tablePath(dataSource, 'EntraSignIn', signInTable);
}

/** Locates the table of the shared cache of users' tokens. */
export function userTokenPath(dataSource: DataSource): TablePath {
  return tablePath(dataSource, 'EntraUserToken', 'entra_user_token');
}

function tablePath({ options, namingStrategy }: DataSource, entity: string, given: string): TablePath {
  const schema: unknown = Reflect.get(options, 'schema');
  const plain = namingStrategy.tableName(entity, given);
  const { entityPrefix } = options;
  const table = entityPrefix ? namingStrategy.prefixTableName(entityPrefix, plain) : plain;
  const path = typeof schema === 'string' && schema !== '' ? [schema, table] : [table];
  return {
    quoted: path.map((part) => `"${part.replaceAll('"', '""')}"`).join('.'),
    primaryKey: namingStrategy.primaryKeyName(path.join('.'), ['name']),
  };
}
