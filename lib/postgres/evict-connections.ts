import type { DataSource } from 'typeorm';

/** A pool of this module. */
export interface EvictablePool {
  evictConnections(): void;
}

function isEvictablePool(value: unknown): value is EvictablePool {
  return typeof value === 'object' && value !== null && 'evictConnections' in value;
}

/**
 * Retires every connection of a data source: those in use finish what they are doing, no new work goes to them, and
 * new connections take their place. Use it for a revoked identity, or a server that was moved.
 *
 * It happens automatically when the server reports, for a query or a login, that it is read-only after a failover (SQLSTATE
 * 25006), or shutting down or starting up (57P01 to 57P03); then each pool does it at most once in five seconds, since a
 * transaction that asked to be read-only gets the same error.
 *
 * @param dataSource one made from the options of `EntraTypeOrmOptionsFactory`, or by `createEntraDataSource`
 * @returns the number of pools, one for each server
 */
export function evictConnections(dataSource: DataSource): number {
  const { master, slaves } = dataSource.driver as unknown as { master?: unknown; slaves?: unknown[] };
  const pools = [master, ...(slaves ?? [])].filter(isEvictablePool);
  for (const pool of pools) pool.evictConnections();
  return pools.length;
}
