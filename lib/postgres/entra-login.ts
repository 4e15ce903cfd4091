import type { Client } from 'pg';

import { isHostRuleRefusal } from '../common/sqlstate.js';
import { asError } from '../common/thrown.js';
import { DatabaseLoginRefusedError } from '../database/database.error.js';
import type { LoginContext } from '../database/database-kind.js';
import { DatabaseLogins } from '../database/database-logins.js';
import type { AccessToken } from '../entra/token-credential.js';
import { parametersOf } from './client-internals.js';
import { ConnectionGuard, type ConnectionTarget } from './connection-guard.js';
import { explainLoginError, type PostgresLoginAttempt, roleOf } from './explain-login-error.js';
import type { ResolvedDataSource } from './resolve-data-source.js';

/** Presents access tokens to the servers of one data source. */
export class EntraLogin {
  readonly #logins: DatabaseLogins;
  readonly #guard: ConnectionGuard;
  /** By the connection parameters, which pg hands to the password function. */
  readonly #attempts = new WeakMap<object, PostgresLoginAttempt>();
  readonly dataSource: ResolvedDataSource;

  constructor(dataSource: ResolvedDataSource, context: LoginContext) {
    this.dataSource = dataSource;
    this.#logins = new DatabaseLogins(dataSource, context);
    this.#guard = new ConnectionGuard(dataSource);
  }

  now(): number {
    return this.#logins.clock.now();
  }

  /** Notes the client of a login, whose socket is checked before it is given a token. */
  begin(client: Client): PostgresLoginAttempt {
    const { host, port } = client;
    const target = { host, port, user: roleOf(client, this.dataSource) };
    const attempt: PostgresLoginAttempt = { client, target, startedAt: this.now() };
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
    // A login with a held token waits for no promise, and sets no timer.
    const token = this.#logins.choose(attempt?.target);
    if (token instanceof Promise) return token.then((late) => this.#present(late, attempt));
    return this.#present(token, attempt);
  };

  #present(token: AccessToken, attempt: PostgresLoginAttempt | undefined): string {
    // A driver keeps the password, and after the end of the login is not made to forget it.
    if (attempt?.ended) throw this.#logins.over(attempt.startedAt);
    if (attempt !== undefined) attempt.token = token;
    return token.token;
  }

  /** Gives an error of a login its reason and its remedy. */
  translate(original: Error, attempt: PostgresLoginAttempt): Error {
    return explainLoginError(original, attempt, this.dataSource, this.now());
  }

  /** Reports a login, remembers its outcome, and makes the driver forget the token. */
  end(attempt: PostgresLoginAttempt, error: Error | undefined): void {
    attempt.ended = true;
    this.#logins.end(attempt, error, mayBeToken(error));
    const { client } = attempt;
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
    return this.#logins.retryOnce(refusal, startedAt, connect);
  }
}

/** Whether a login was refused for something that another token might change; its length is not. */
function mayBeToken(error: Error | undefined): boolean {
  return (
    error instanceof DatabaseLoginRefusedError &&
    error.sqlState !== undefined &&
    !isHostRuleRefusal(error.cause)
  );
}
