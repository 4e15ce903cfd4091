import type { Client } from 'pg';

import type { Clock } from '../common/clock.js';
import { EntraTimeoutError } from '../common/entra-auth.error.js';
import { asError } from '../common/thrown.js';
import type { TokenEngine } from '../engine/token-engine.js';
import type { AccessToken } from '../entra/token-credential.js';
import { parametersOf } from './client-internals.js';
import { ConnectionGuard, type ConnectionTarget } from './connection-guard.js';
import { DatabaseLoginRefusedError } from './database.error.js';
import { explainLoginError, type LoginAttempt, roleOf } from './explain-login-error.js';
import type { LoginEvent } from './login-event.js';
import { LoginRetry } from './login-retry.js';
import { LoginTokens } from './login-tokens.js';
import type { ResolvedDataSource } from './resolve-data-source.js';

/** Presents access tokens to the servers of one data source, and knows which login presented which. */
export class EntraLogin {
  readonly #tokens: LoginTokens;
  readonly #retry: LoginRetry;
  readonly #clock: Clock;
  readonly #onLogin: (event: () => LoginEvent) => void;
  readonly #guard: ConnectionGuard;
  /** By the connection parameters, which pg hands to the password function. */
  readonly #attempts = new WeakMap<object, LoginAttempt>();
  readonly dataSource: ResolvedDataSource;

  /** @param retryInMs how often to try a new token for a role that two have been refused for, in milliseconds */
  constructor(
    dataSource: ResolvedDataSource,
    tokens: TokenEngine,
    clock: Clock,
    onLogin: (event: () => LoginEvent) => void,
    retryInMs: number,
  ) {
    this.dataSource = dataSource;
    this.#tokens = new LoginTokens(tokens, dataSource, clock);
    this.#retry = new LoginRetry(this.#tokens, clock, retryInMs);
    this.#clock = clock;
    this.#onLogin = onLogin;
    this.#guard = new ConnectionGuard(dataSource);
  }

  now(): number {
    return this.#clock.now();
  }

  /** Notes the client of a login, whose socket is checked before it is given a token. */
  begin(client: Client): LoginAttempt {
    const attempt: LoginAttempt = { client, startedAt: this.now() };
    const parameters = parametersOf(client);
    if (parameters !== undefined) this.#attempts.set(parameters, attempt);
    return attempt;
  }

  /**
   * The password function that pg calls on each new connection, after the server asked for a password.
   *
   * @returns rejects with `InsecureConnectionError` when the connection is not the one that was configured, or not
   *   verified
   */
  readonly password = (target?: ConnectionTarget): string | Promise<string> => {
    const attempt = target && this.#attempts.get(target);
    try {
      this.#guard.check(target, attempt?.client);
    } catch (error) {
      return Promise.reject(asError(error));
    }
    // A login with a held token waits for no promise, and sets no timer. The refusal of another login does not count:
    // that one may have the wrong role.
    const held = this.#tokens.held();
    const isRefused = attempt && held && this.#retry.wasRefused(attempt.client, held);
    if (held !== undefined && !isRefused) return this.#present(held, attempt);
    return this.#tokens.first().then((token) => this.#present(token, attempt));
  };

  /** Gives an error of a login its reason and its remedy. */
  translate(original: Error, attempt: LoginAttempt): Error {
    return explainLoginError(original, attempt, this.dataSource, this.now());
  }

  /** Reports a login, remembers its outcome, and makes the driver forget the token. */
  end(attempt: LoginAttempt, error: Error | undefined): void {
    const { client, token } = attempt;
    attempt.ended = true;
    this.#onLogin(() => this.#eventOf(attempt, error));
    if (token !== undefined) this.#retry.ended(client, token, error);
    for (const holder of [client, parametersOf(client)]) {
      if (holder !== undefined && 'password' in holder) holder.password = null;
    }
  }

  /**
   * Connects once more with another token, if that may help.
   *
   * @param startedAt when the login began: the wait for another token ends with the login's own deadline
   * @throws the refusal itself when a second try cannot help, else what the second try throws
   */
  retryOnce<T>(refusal: Error, startedAt: number, connect: () => Promise<T>): Promise<T> {
    return this.#retry.once(refusal, startedAt + this.dataSource.connectTimeoutInMs, connect);
  }

  #present(token: AccessToken, attempt: LoginAttempt | undefined): string {
    // A driver keeps the password, and after the end of the login is not made to forget it.
    if (attempt?.ended)
      throw new EntraTimeoutError('The login', this.now() - attempt.startedAt, 'It is over.');
    if (attempt !== undefined) attempt.token = token;
    return token.token;
  }

  #eventOf({ client, startedAt, token }: LoginAttempt, error: Error | undefined): LoginEvent {
    const refused = error instanceof DatabaseLoginRefusedError;
    return {
      dataSource: this.dataSource.name,
      resource: this.dataSource.resource,
      role: roleOf(client, this.dataSource),
      host: client.host,
      at: new Date(startedAt),
      durationInMs: this.now() - startedAt,
      outcome: error === undefined ? 'accepted' : refused ? 'refused' : 'failed',
      ...(token === undefined ? {} : { tokenExpiresAt: new Date(token.expiresOnTimestamp) }),
      ...(error === undefined ? {} : { error }),
    };
  }
}
