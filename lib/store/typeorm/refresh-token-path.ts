import type { DataSource } from 'typeorm';

import { refreshTokenTable } from './entra-refresh-token.entity.js';

export interface TablePath {
  /** Quoted for SQL, with the schema. */
  readonly quoted: string;
  /** Name of the constraint, as TypeORM gives it. */
  readonly primaryKey: string;
}

/** Locates the table by the schema, the prefix and the naming strategy of a data source. */
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
