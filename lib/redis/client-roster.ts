import type { Subscription } from 'rxjs';

import type { RedisLogin, RedisLogins } from './redis-logins.js';
import { stagger } from './stagger.js';

/** A connection that takes a new login. */
export interface LiveConnection {
  /** @returns whether there was something to do */
  present(login: RedisLogin): boolean;
}

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
    const connections = only === undefined ? this.#connections : [only];
    await stagger(connections, (connection) => connection.present(login));
  }
}
