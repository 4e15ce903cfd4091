import type { Subscription } from 'rxjs';

import type {
  EntraRedisCredentials,
  RedisBasicAuth,
  RedisCredentialsListener,
} from './entra-redis-credentials.js';
import { LoginRetry } from './login-retry.js';
import { RedisLoginRefusedError } from './redis-login-refused.error.js';
import type { RedisLogin, RedisLogins } from './redis-logins.js';
import { stagger } from './stagger.js';
import type { ConnectionCheck } from './verified-connections.js';

// Behind words of the client, when the server replied.
const errorReply = /(?<=^|: )[A-Z]{3,} .*/s;

/**
 * Keeps the listeners by weak references: a client makes a new one for each connection, holds only the last, and disposes
 * of that alone.
 */
export class CredentialsProvider {
  readonly #listeners = new Set<WeakRef<ConnectionListener>>();
  readonly #logins: RedisLogins;
  readonly #connections: ConnectionCheck;
  readonly #retry = new LoginRetry();
  #isRetryPlanned = false;
  #refreshes: Subscription | undefined;
  #presented: RedisLogin | undefined;

  constructor(logins: RedisLogins, connections: ConnectionCheck) {
    this.#logins = logins;
    this.#connections = connections;
  }

  asOption(): EntraRedisCredentials {
    return {
      type: 'streaming-credentials-provider',
      subscribe: (listener) => this.#subscribe(listener),
      onReAuthenticationError: (error) => this.#reAuthenticationFailed(error),
    };
  }

  async #subscribe(listener: RedisCredentialsListener): Promise<[RedisBasicAuth, { dispose(): void }]> {
    this.#connections.check();
    const login = await this.#logins.current();
    const connection = new ConnectionListener(listener, login.token.token, () => this.#forget());
    this.#listeners.add(new WeakRef(connection));
    this.#forget();
    return [basicAuth(login), connection];
  }

  /** The client does not tell which connection it was. What a closed one reports is not a reply of the server. */
  #reAuthenticationFailed({ message }: Error): void {
    const login = this.#presented;
    const reply = errorReply.exec(message)?.[0];
    if (login === undefined || reply === undefined) return;
    this.#logins.refused(login, new RedisLoginRefusedError(this.#connections.server, login.username, reply));
    if (this.#isRetryPlanned) return;
    this.#isRetryPlanned = true;
    const again = (): void => {
      this.#isRetryPlanned = false;
      this.#presentInBackground(true);
    };
    this.#retry.plan(login.token.expiresOnTimestamp, again, again);
  }

  #presentInBackground(again: boolean): void {
    // A token that is gone again is replaced by the next one, which comes with an event of its own.
    void this.#present(again).catch(() => undefined);
  }

  /** @param again whether also where this token was presented before */
  async #present(again: boolean): Promise<void> {
    const login = await this.#logins.current();
    if (login.token.token !== this.#presented?.token.token) this.#stopRetrying();
    this.#presented = login;
    this.#forget();
    await stagger(this.#listeners, (reference) => reference.deref()?.present(login, again) === true);
  }

  #stopRetrying(): void {
    this.#retry.stop();
    this.#isRetryPlanned = false;
  }

  /** Forgets what is disposed of or collected, and listens to the tokens while there is a listener. */
  #forget(): void {
    for (const reference of this.#listeners) {
      if (reference.deref()?.isActive !== true) this.#listeners.delete(reference);
    }
    if (this.#listeners.size > 0) {
      this.#refreshes ??= this.#logins.onRefresh(() => this.#presentInBackground(false));
    } else {
      this.#refreshes?.unsubscribe();
      this.#refreshes = undefined;
      this.#stopRetrying();
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
  present(login: RedisLogin, again: boolean): boolean {
    if (this.#listener === undefined || (!again && this.#token === login.token.token)) return false;
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
