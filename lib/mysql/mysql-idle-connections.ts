import type { Pool, PoolConnection } from 'mysql2';

import type { SilenceCheck } from '../database/database-kind.js';
import { streamOf } from './mysql-connection.js';

/**
 * Knows the idle connections of a data source's pools. A load balancer can forget an idle connection: both ends keep an
 * open socket over which nothing arrives.
 */
export class MySqlIdleConnections {
  readonly #idle = new Set<PoolConnection>();

  watch(pool: Pool): void {
    pool.on('acquire', (connection) => this.#idle.delete(connection));
    pool.on('release', (connection) => this.#idle.add(connection));
    pool.on('connection', (connection) => {
      const forget = (): boolean => this.#idle.delete(connection);
      // mysql2 listens to the first error alone, for which TypeORM leaves its own listener out: a second would end the
      // process.
      connection.on('error', forget);
      connection.on('end', forget);
    });
  }

  /** Queries them past the pool, for which a use would restart the idle timeout. */
  ask(query: string): SilenceCheck {
    const silent = new Set<PoolConnection>();
    const answers = [...this.#idle].map(async (connection) => {
      silent.add(connection);
      // An error is an answer too.
      await new Promise<void>((resolve) => connection.query(query, () => resolve()));
      silent.delete(connection);
    });
    return {
      allAnswered: Promise.allSettled(answers).then(() => undefined),
      closeSilent: () => {
        for (const connection of silent) {
          // Takes it out of the pool at once, and only then closes the socket, which the server would never do.
          connection.destroy();
          streamOf(connection)?.destroy();
        }
        return silent.size;
      },
    };
  }
}
