import type pg from 'pg';

import type { SilenceCheck } from '../database/database-kind.js';
import { destroySocket } from './client-internals.js';

/**
 * Knows the idle connections of a data source's pools. A load balancer can forget an idle connection: both ends
 * keep an open socket over which nothing arrives.
 */
export class IdleConnections {
  readonly #idle = new Set<pg.PoolClient>();

  watch(pool: pg.Pool): void {
    pool.on('acquire', (client) => this.#idle.delete(client));
    pool.on('remove', (client) => this.#idle.delete(client));
    pool.on('release', (problem, client) => {
      if (!problem) this.#idle.add(client);
    });
  }

  /** Queries them past the pool, for which a use would restart the idle timeout. */
  ask(query: string): SilenceCheck {
    const silent = new Set<pg.PoolClient>();
    const answers = [...this.#idle].filter(isReady).map(async (client) => {
      silent.add(client);
      // An error is an answer too.
      await client.query(query).catch(() => undefined);
      silent.delete(client);
    });
    return {
      allAnswered: Promise.allSettled(answers).then(() => undefined),
      closeSilent: () => {
        for (const client of silent) destroySocket(client);
        return silent.size;
      },
    };
  }
}

/** A connection that was released during a query answers only when that has ended. */
function isReady(client: pg.PoolClient): boolean {
  return Reflect.get(client, 'readyForQuery') === true;
}
