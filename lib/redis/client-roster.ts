import type { Subscription } from 'rxjs';

import type { RedisLogin, RedisLogins } from './redis-logins.js';

/** A connection that takes a new login. */
export interface LiveConnection {
  /** @returns whether there was something to do */
  present(login: RedisLogin): boolean;
}

// So many connections log in anew in one turn of the event loop.
const connectionsPerTurn = 20;

/** Presents each new token to the connections that are open. Listens to the tokens only while there are any. */
export class ClientRoster {
  readonly #connections = new Set<LiveConnection>();
  readonly #logins: RedisLogins;
  #refreshes: Subscription | undefined;

  constructor(logins: RedisLogins) {
    this.#logins = logins;
  }

  /** Adds a connection that was opened with this login. */
  add(connection: LiveConnection): void {
    this.#connections.add(connection);
    // A token that is gone again is replaced by the next one, which comes with an event of its own.
    this.#refreshes ??= this.#logins.onRefresh(() => void this.present().catch(() => undefined));
  }

  remove(connection: LiveConnection): void {
    this.#connections.delete(connection);
    if (this.#connections.size > 0) return;
    this.#refreshes?.unsubscribe();
    this.#refreshes = undefined;
  }

  /** Presents the current token to all, or to one. */
  async present(only?: LiveConnection): Promise<void> {
    const login = await this.#logins.current();
    let presented = 0;
    for (const connection of only === undefined ? this.#connections : [only]) {
      if (!connection.present(login)) continue;
      if (++presented % connectionsPerTurn === 0) await new Promise(setImmediate);
    }
  }
}
