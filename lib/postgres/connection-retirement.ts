import type pg from 'pg';

import type { Clock } from '../common/clock.js';
import { isConnectionOutdated } from '../common/sqlstate.js';
import { ConnectionLifetime } from './connection-lifetime.js';

// A transaction that asked to be read-only gets the same error as one that came to a standby.
const minEvictionIntervalInMs = 5_000;

/**
 * Knows which connections of a pool are retired: all that were opened before an eviction, and those that are too old. A
 * retired connection finishes what is under way and gets no new work.
 */
export class ConnectionRetirement {
  readonly #clock: Clock;
  /** The generation that each connection was opened in. */
  readonly #generationOf = new WeakMap<object, number>();
  #generation = 0;
  #lastEvictionAt = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(connection: object): void {
    this.#generationOf.set(connection, this.#generation);
  }

  isRetired(connection: object): boolean {
    return (this.#generationOf.get(connection) ?? this.#generation) < this.#generation;
  }

  retireAll(): void {
    this.#generation++;
  }

  /**
   * Whether an error shows that all connections lead to the wrong server, as after a failover; `true` at most once in five
   * seconds.
   */
  mustEvictAfter(error: unknown): boolean {
    if (!isConnectionOutdated(error)) return false;
    const now = this.#clock.now();
    const passed = now - this.#lastEvictionAt;
    if (passed >= 0 && passed < minEvictionIntervalInMs) return false;
    this.#lastEvictionAt = now;
    return true;
  }

  /** Retires the connections of a pool at their greatest age, and closes those that are idle. */
  limitLifetime(pool: pg.Pool, maxInMs: number): void {
    const lifetime = new ConnectionLifetime(this.#clock, maxInMs);
    const inUse = new WeakSet<object>();
    pool.on('acquire', (client) => inUse.add(client));
    pool.on('release', (_problem, client) => inUse.delete(client));
    pool.on('remove', (client) => lifetime.end(client));
    pool.on('connect', (client) =>
      lifetime.begin(client, () => {
        this.#generationOf.set(client, -1);
        // The pool takes a closed one out when it comes to it.
        if (!inUse.has(client)) void client.end().catch(() => undefined);
      }),
    );
  }
}
