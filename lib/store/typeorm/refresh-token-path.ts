import type { DataSource } from 'typeorm';

import { refreshTokenTable } from './entra-refresh-token.entity.js';

export interface TablePath {
  /** With its schema, ready for SQL. */
  readonly quoted: string;
  /** Name of the constraint, as TypeORM gives it. */
  readonly primaryKey: string;
}

/** Where a data source has the table: in its schema, with its prefix and by its naming strategy. */
export function refreshTokenPath({ options, namingStrategy }: DataSource): TablePath {
  const schema: unknown = Reflect.get(options, 'schema');
  const plain = namingStrategy.tableName('EntraRefreshToken', refreshTokenTable);
  const { entityPrefix } = options;
  const table = entityPrefix ? namingStrategy.prefixTableName(entityPrefix, plain) : plain;
  const path = typeof schema === 'string' && schema !== '' ? [schema, table] : [table];
  return {
    quoted: path.map((part) => `"${part.replaceAll('"', '""')}"`).join('.'),
    primaryKey: namingStrategy.primaryKeyName(path.join('.'), ['name']),
  };
}
