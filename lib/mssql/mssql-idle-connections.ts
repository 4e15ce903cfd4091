import type { SilenceCheck } from '../database/database-kind.js';
import type { TediousConnection } from './mssql-driver.js';

/**
 * Knows the idle connections of a data source's pools. A load balancer can forget an idle connection: both ends keep an
 * open socket over which nothing arrives.
 */
export class MsSqlIdleConnections {
  /** With what they were asked and have not answered. */
  readonly #idle = new Map<TediousConnection, Promise<void> | undefined>();

  add(connection: TediousConnection): void {
    this.#idle.set(connection, undefined);
  }

  /** Takes a connection for another use, once it has answered what it was asked. */
  async take(connection: TediousConnection): Promise<void> {
    const asked = this.#idle.get(connection);
    this.#idle.delete(connection);
    await asked;
  }

  /** @param query sends a query over a connection, past the pool, for which a use would restart the idle timeout */
  ask(query: (connection: TediousConnection) => Promise<unknown>): SilenceCheck {
    const silent = new Set<TediousConnection>();
    const answers = [...this.#idle].map(async ([connection, before]) => {
      silent.add(connection);
      // An error is an answer too.
      const asked = Promise.resolve(before)
        .then(() => query(connection))
        .then(
          () => undefined,
          () => undefined,
        );
      if (this.#idle.has(connection)) this.#idle.set(connection, asked);
      await asked;
      silent.delete(connection);
    });
    return {
      allAnswered: Promise.allSettled(answers).then(() => undefined),
      closeSilent: () => {
        // The pool takes none that is closed.
        for (const connection of silent) connection.close();
        return silent.size;
      },
    };
  }
}
