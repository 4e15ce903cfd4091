import type { Client } from 'pg';

import type { AccessToken } from '../entra/token-credential.js';
import { asError } from '../common/thrown.js';
import { DatabaseLoginRefusedError } from './database-login-refused.error.js';
import { isHostRuleRefusal } from '../common/sqlstate.js';
import { EntraTimeoutError } from '../common/entra-auth.error.js';
import type { Clock } from '../common/clock.js';
import { withDeadline, deferred, type Deferred } from '../common/deadline.js';
import type { TokenEngine } from '../engine/token-engine.js';
import { parametersOf } from './client-internals.js';
import { ConnectionGuard, type ConnectionTarget } from './connection-guard.js';
import { explainLoginError, roleOf } from './explain-login-error.js';
import type { LoginAttempt } from './login-attempt.js';
import type { LoginEvent } from './login-event.js';
import { LoginRefusals } from './login-refusals.js';
import type { ResolvedDataSource } from './resolve-data-source.js';

// The token's own wait ends first, so that its error surfaces and not the driver's "timeout expired".
const shareOfConnectTimeout = 0.8;

/** Presents access tokens to one data source's servers, and knows which login presented which. */
export class EntraLogin {
  readonly #tokens: TokenEngine;
  readonly #clock: Clock;
  readonly #onLogin: (event: () => LoginEvent) => void;
  readonly #guard: ConnectionGuard;
  /** By the connection parameters, which pg hands to the password function. */
  readonly #attempts = new WeakMap<object, LoginAttempt>();
  /** The tokens that were refused, by the refusals. */
  readonly #refused = new WeakMap<Error, AccessToken>();
  readonly #refusals: LoginRefusals;
  /** Second logins under way, each the first of many with a new token; the others wait for what becomes of it. */
  readonly #trials = new Map<string, Deferred<void>>();
  readonly dataSource: ResolvedDataSource;

  constructor(
    dataSource: ResolvedDataSource,
    tokens: TokenEngine,
    clock: Clock,
    onLogin: (event: () => LoginEvent) => void,
    /** How often to try a new token for a role that worked before, in milliseconds. */
    retryInMs: number,
  ) {
    this.dataSource = dataSource;
    this.#tokens = tokens;
    this.#clock = clock;
    this.#onLogin = onLogin;
    this.#refusals = new LoginRefusals(retryInMs);
    this.#guard = new ConnectionGuard(dataSource);
  }

  now(): number {
    return this.#clock.now();
  }

  /** Says which client is about to log in, so that its socket can be looked at before it is given a token. */
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
    const present = (token: AccessToken): string => {
      // A driver keeps the password that it gets, and nobody would make this one forget it.
      if (attempt?.ended)
        throw new EntraTimeoutError('The login', this.now() - attempt.startedAt, 'It is over.');
      if (attempt !== undefined) attempt.token = token;
      return token.token;
    };
    // A login with a held token waits for no promise, and sets no timer. The refusal of another login is no reason to
    // wait: that one may have the wrong role.
    const held = this.#tokens.heldToken(this.dataSource.resource);
    const isRefused = attempt && held && this.#refusals.wasRefused(loginOf(attempt.client), held);
    return held === undefined || isRefused ? this.#firstToken().then(present) : present(held);
  };

  /** Gives an error of a login its reason and its remedy; what the server says beyond the login passes as it is. */
  translate(original: Error, attempt: LoginAttempt): Error {
    return explainLoginError(original, attempt, this.dataSource, this.now());
  }

  /** Reports a login, remembers what became of its token, and makes the driver forget it. */
  end(attempt: LoginAttempt, error: Error | undefined): void {
    const { client, token } = attempt;
    attempt.ended = true;
    this.#onLogin(() => this.#eventOf(attempt, error));
    if (token !== undefined) {
      if (error === undefined) this.#refusals.accepted(loginOf(client), token);
      else if (mayBeToken(error)) this.#refusals.refused(loginOf(client), token);
      if (error !== undefined) this.#refused.set(error, token);
    }
    for (const holder of [client, parametersOf(client)]) {
      if (holder !== undefined && 'password' in holder) holder.password = null;
    }
  }

  /**
   * Connects once more with another token, if that may help: the login was refused for its token, and there is another.
   * Many that are refused together send one ahead, since a role that does not exist refuses every token.
   *
   * @param startedAt when the login began: the wait for another token ends with the login's own deadline
   * @throws the refusal itself when a second try is not worth it, else what the second try throws
   */
  async retryOnce<T>(refusal: Error, startedAt: number, connect: () => Promise<T>): Promise<T> {
    const end = await this.#renew(refusal, startedAt);
    if (end === undefined) throw refusal;
    try {
      return await connect();
    } finally {
      end();
    }
  }

  /** @returns what to call at the end of the second try; `undefined` when it is not worth it */
  async #renew(error: Error, startedAt: number): Promise<(() => void) | undefined> {
    const refused = this.#refused.get(error);
    if (refused === undefined || !mayBeToken(error)) return undefined;
    const login = loginOf(error);
    if (!this.#refusals.mayRenew(login, this.now())) return undefined;
    this.#refusals.renewed(login, this.now());
    this.#tokens.invalidate(refused);
    const deadline = startedAt + this.dataSource.connectTimeoutInMs;
    try {
      const token = await this.#token(deadline);
      if (token.token === refused.token) return undefined;
      return await this.#afterTrial(login, deadline);
    } catch {
      // The refusal itself is what the caller must see; the failed refresh is an event of its own.
      return undefined;
    }
  }

  async #afterTrial(login: string, deadline: number): Promise<(() => void) | undefined> {
    const underWay = this.#trials.get(login);
    if (underWay === undefined) {
      const trial = deferred<void>();
      this.#trials.set(login, trial);
      return () => {
        this.#trials.delete(login);
        this.#refusals.tried(login);
        trial.resolve();
      };
    }
    await this.#until(deadline, underWay.promise, 'another login with the new token');
    return this.#refusals.mayRenew(login, this.now()) ? () => undefined : undefined;
  }

  async #firstToken(): Promise<AccessToken> {
    try {
      return await this.#token();
    } catch (error) {
      // A token that one server rejected may do for another, and is better than none.
      const held = this.#tokens.lastResort(this.dataSource.resource);
      if (held === undefined) throw error;
      return held;
    }
  }

  #token(deadline?: number): Promise<AccessToken> {
    const { resource, connectTimeoutInMs } = this.dataSource;
    const latest = this.now() + connectTimeoutInMs * shareOfConnectTimeout;
    return this.#until(
      Math.min(latest, deadline ?? latest),
      this.#tokens.getToken(resource),
      `the access token of the resource "${resource}"`,
    );
  }

  #until<T>(deadline: number, promise: Promise<T>, what: string): Promise<T> {
    const timeoutInMs = Math.max(0, deadline - this.now());
    const onTimeout = (): Error =>
      new EntraTimeoutError(
        `Waiting for ${what}`,
        timeoutInMs,
        'Check that the token endpoint can be reached.',
      );
    return withDeadline(promise, { timeoutInMs, clock: this.#clock, onTimeout });
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

/** Whether a login was refused for something that another token might change; its length is not. */
function mayBeToken(error: Error): error is DatabaseLoginRefusedError {
  return (
    error instanceof DatabaseLoginRefusedError &&
    error.sqlState !== undefined &&
    !isHostRuleRefusal(error.cause)
  );
}

/** What the server decided on, as far as it is not the token: the same for a client and for its refusal. */
function loginOf(login: Client | DatabaseLoginRefusedError): string {
  const role = login instanceof DatabaseLoginRefusedError ? login.role : login.user;
  return `${login.host}:${login.port} ${role}`;
}
