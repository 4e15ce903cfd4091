import { resolveNamed } from '../../lib/database/named-data-sources.js';
import { resolveDataSource, type ResolvedDataSource } from '../../lib/postgres/resolve-data-source.js';

/** Resolves the option `dataSource`, whose data sources are all of PostgreSQL. */
export function resolveDataSources(option: unknown): ReadonlyMap<string, ResolvedDataSource> {
  return resolveNamed(option, resolveDataSource);
}
