import type pg from 'pg';

import { destroySocket } from './client-internals.js';

/** A question that idle connections were asked. */
export interface SilenceCheck {
  /** Resolves when all of them have answered. */
  allAnswered: Promise<void>;
  /** Closes those that have not answered by now, and returns how many they are. */
  closeSilent: () => number;
}

/**
 * Knows the idle connections of a data source's pools. A load balancer can forget a connection that nobody uses, so
 * that both ends keep an open socket over which nothing arrives.
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

  /** Asks them past the pool, which would count it as a use and close no idle connection any more. */
  ask(query: string): SilenceCheck {
    const silent = new Set<pg.PoolClient>();
    const answers = [...this.#idle].filter(isReady).map(async (client) => {
      silent.add(client);
      // An error is an answer, too.
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

/** One that was given back while a query was under way answers when that has ended. */
function isReady(client: pg.PoolClient): boolean {
  return Reflect.get(client, 'readyForQuery') === true;
}
