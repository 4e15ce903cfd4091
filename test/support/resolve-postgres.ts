import { resolveDataSources as resolveAny } from '../../lib/options/databases.js';
import type { ResolvedDataSource } from '../../lib/postgres/resolve-data-source.js';

/** Resolves the option `dataSource`, whose data sources are all of PostgreSQL. */
export function resolveDataSources(option: unknown): ReadonlyMap<string, ResolvedDataSource> {
  return resolveAny(option) as ReadonlyMap<string, ResolvedDataSource>;
}
