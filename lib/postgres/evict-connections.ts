import type { DataSource } from 'typeorm';

/** The pools that a data source of this module has made can be told to let go of their connections. */
export interface EvictablePool {
  evictConnections(): void;
}

function isEvictablePool(value: unknown): value is EvictablePool {
  return typeof value === 'object' && value !== null && 'evictConnections' in value;
}

/**
 * Retires every connection of a data source: those in use finish what they are doing, no new work goes to them, and
 * new connections take their place. For a revoked identity, say, or a server that was moved.
 *
 * It happens by itself when the server says, to a query or to a login, that it is read-only after a failover (SQLSTATE
 * 25006), or shutting down or starting up (57P01 to 57P03); then each pool does it at most once in five seconds, since a
 * transaction that asked to be read-only gets the same error.
 *
 * @param dataSource one made from the options of `EntraTypeOrmOptionsFactory`, or by `createEntraDataSource`
 * @returns how many pools were told: one for each server
 */
export function evictConnections(dataSource: DataSource): number {
  const { master, slaves } = dataSource.driver as unknown as { master?: unknown; slaves?: unknown[] };
  const pools = [master, ...(slaves ?? [])].filter(isEvictablePool);
  for (const pool of pools) pool.evictConnections();
  return pools.length;
}
