import { EntraOptionsError } from '../common/entra-auth.error.js';
import { shownChoice } from '../common/option-checks.js';
import type { DatabaseKinds } from '../database/database-kind.js';
import { resolveNamed } from '../database/named-data-sources.js';
import type { DatabaseType, ResolvedDatabase } from '../database/resolved-database.js';
import { msSqlKind } from '../mssql/mssql-kind.js';
import { mySqlKind } from '../mysql/mysql-kind.js';
import { postgresKind } from '../postgres/postgres-kind.js';

/** The databases that a data source can lead to, by TypeORM's names. */
export const databaseKinds: DatabaseKinds = { postgres: postgresKind, mysql: mySqlKind, mssql: msSqlKind };

/** Resolves the option `dataSource`. */
export function resolveDataSources(option: unknown): ReadonlyMap<string, ResolvedDatabase> {
  return resolveNamed(option, (name, path, given) => {
    const type: unknown = Reflect.get(given, 'type');
    if (!isDatabaseType(type)) {
      const fix = 'Write type: "postgres", "mysql" or "mssql".';
      throw new EntraOptionsError(`${path}.type`, shownChoice(type), fix);
    }
    return databaseKinds[type].resolve(name, path, given);
  });
}

function isDatabaseType(type: unknown): type is DatabaseType {
  return typeof type === 'string' && Object.hasOwn(databaseKinds, type);
}
