import type { Subscription } from 'rxjs';

import {
  RedisLogins,
  type RedisLogin,
  type RedisLoginOptions,
  type RedisTokenSource,
} from './redis-logins.js';

/** User name and password, as `redis` takes them. */
export interface RedisBasicAuth {
  username: string;
  password: string;
}

/** What a client of `redis` listens by. */
export interface RedisCredentialsListener {
  onNext: (credentials: RedisBasicAuth) => void;
  onError: (error: Error) => void;
}

/** The option `credentialsProvider` of `redis` (node-redis). */
export interface EntraRedisCredentials {
  readonly type: 'streaming-credentials-provider';
  /** Called by the client for each connection. */
  subscribe(listener: RedisCredentialsListener): Promise<[RedisBasicAuth, { dispose(): void }]>;
  /** Called by the client when it could not log in anew. */
  onReAuthenticationError(error: Error): void;
}

/**
 * Lets `redis` (node-redis 5.12 and 6), and what is built on it, log in to Azure Managed Redis with access tokens: each
 * new connection presents the token that is valid at that moment, and each open one the next token as soon as there is
 * one. The client hears of no error while a valid token is held. One provider serves any number of clients.
 *
 * The token travels as a clear password, and the provider does not see where to: give the client
 * `socket: { tls: true, host }`, or a `rediss://` URL.
 *
 * @param tokens whose token is the password
 * @returns the option `credentialsProvider`
 * @throws {UnknownResourceError} at once, when there is no such resource
 * @throws {EntraOptionsError} for an empty user name
 * @see https://learn.microsoft.com/azure/redis/entra-for-authentication
 */
export function entraRedisCredentials(
  tokens: RedisTokenSource,
  options: RedisLoginOptions = {},
): EntraRedisCredentials {
  const provider = new CredentialsProvider(new RedisLogins(tokens, options));
  return {
    type: 'streaming-credentials-provider',
    subscribe: (listener) => provider.subscribe(listener),
    onReAuthenticationError: (error) => provider.reAuthenticationFailed(error),
  };
}

// So many connections log in anew in one turn of the event loop.
const connectionsPerTurn = 20;

/**
 * Keeps the listeners by weak references: a client makes a new one for each connection, holds only the last, and disposes
 * of that alone.
 */
class CredentialsProvider {
  readonly #listeners = new Set<WeakRef<ConnectionListener>>();
  readonly #logins: RedisLogins;
  #refreshes: Subscription | undefined;
  #presented: RedisLogin | undefined;

  constructor(logins: RedisLogins) {
    this.#logins = logins;
  }

  async subscribe(listener: RedisCredentialsListener): Promise<[RedisBasicAuth, { dispose(): void }]> {
    const login = await this.#logins.current();
    const connection = new ConnectionListener(listener, login.token.token, () => this.#forget());
    this.#listeners.add(new WeakRef(connection));
    this.#forget();
    return [basicAuth(login), connection];
  }

  /** A server that refuses a token gets another one; a client that is closed needs none. */
  reAuthenticationFailed({ message }: Error): void {
    if (this.#presented !== undefined && /WRONGPASS|NOAUTH/.test(message)) {
      this.#logins.refused(this.#presented.token);
    }
  }

  async #present(): Promise<void> {
    const login = await this.#logins.current();
    this.#presented = login;
    this.#forget();
    let presented = 0;
    for (const reference of this.#listeners) {
      if (!reference.deref()?.present(login)) continue;
      if (++presented % connectionsPerTurn === 0) await new Promise(setImmediate);
    }
  }

  /** Forgets what is disposed of or collected, and listens to the tokens while there is a listener. */
  #forget(): void {
    for (const reference of this.#listeners) {
      if (reference.deref()?.isActive !== true) this.#listeners.delete(reference);
    }
    if (this.#listeners.size > 0) {
      // A token that is gone again is replaced by the next one, which comes with an event of its own.
      this.#refreshes ??= this.#logins.onRefresh(() => void this.#present().catch(() => undefined));
    } else {
      this.#refreshes?.unsubscribe();
      this.#refreshes = undefined;
    }
  }
}

/** The listener of one connection. The client holds it as what it disposes of. */
class ConnectionListener {
  #listener: RedisCredentialsListener | undefined;
  #token: string;
  readonly #onDispose: () => void;

  constructor(listener: RedisCredentialsListener, token: string, onDispose: () => void) {
    this.#listener = listener;
    this.#token = token;
    this.#onDispose = onDispose;
  }

  get isActive(): boolean {
    return this.#listener !== undefined;
  }

  /** @returns whether there was something to present */
  present(login: RedisLogin): boolean {
    if (this.#listener === undefined || this.#token === login.token.token) return false;
    this.#token = login.token.token;
    this.#listener.onNext(basicAuth(login));
    return true;
  }

  dispose(): void {
    this.#listener = undefined;
    this.#onDispose();
  }
}

function basicAuth({ username, token }: RedisLogin): RedisBasicAuth {
  return { username, password: token.token };
}
