import type { Client } from 'pg';

import type { Clock } from '../common/clock.js';
import { deferred, type Deferred } from '../common/deadline.js';
import { isHostRuleRefusal } from '../common/sqlstate.js';
import type { AccessToken } from '../entra/token-credential.js';
import { DatabaseLoginRefusedError } from './database.error.js';
import { LoginRefusals } from './login-refusals.js';
import type { LoginTokens } from './login-tokens.js';

/** Makes the second try of logins that were refused for their token. */
export class LoginRetry {
  readonly #tokens: LoginTokens;
  readonly #clock: Clock;
  readonly #refusals: LoginRefusals;
  /** The tokens that were refused, by the refusals. */
  readonly #refused = new WeakMap<Error, AccessToken>();
  /** Second tries under way, each the first of many with a new token; the others wait for its outcome. */
  readonly #trials = new Map<string, Deferred<void>>();

  /** @param retryInMs how often to try a new token for a role that two have been refused for */
  constructor(tokens: LoginTokens, clock: Clock, retryInMs: number) {
    this.#tokens = tokens;
    this.#clock = clock;
    this.#refusals = new LoginRefusals(retryInMs);
  }

  /** Remembers the outcome of a login. */
  ended(client: Client, token: AccessToken, error: Error | undefined): void {
    if (error === undefined) this.#refusals.accepted(loginOf(client), token);
    else if (mayBeToken(error)) this.#refusals.refused(loginOf(client), token);
    if (error !== undefined) this.#refused.set(error, token);
  }

  /** Whether a login of this client's role has been refused with this very token. */
  wasRefused(client: Client, token: AccessToken): boolean {
    return this.#refusals.wasRefused(loginOf(client), token);
  }

  /**
   * Connects once more with another token, if that may help: the login was refused for its token, and there is another.
   * Of many logins that are refused together one goes ahead, since a role that does not exist refuses every token.
   *
   * @param deadline when the login's own time ends, and so the wait for another token
   * @throws the refusal itself when a second try cannot help, else what the second try throws
   */
  async once<T>(refusal: Error, deadline: number, connect: () => Promise<T>): Promise<T> {
    const end = await this.#begin(refusal, deadline);
    if (end === undefined) throw refusal;
    try {
      return await connect();
    } finally {
      end();
    }
  }

  /** @returns what to call at the end of the second try; `undefined` when it cannot help */
  async #begin(error: Error, deadline: number): Promise<(() => void) | undefined> {
    const refused = this.#refused.get(error);
    if (refused === undefined || !mayBeToken(error)) return undefined;
    const login = loginOf(error);
    const now = this.#clock.now();
    if (!this.#refusals.mayRenew(login, now)) return undefined;
    this.#refusals.renewed(login, now);
    try {
      const token = await this.#tokens.after(refused, deadline);
      if (token.token === refused.token) return undefined;
      return await this.#afterTrial(login, deadline);
    } catch {
      // The caller gets the refusal; the failed refresh is an event of its own.
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
    await this.#tokens.until(deadline, underWay.promise, 'another login with the new token');
    return this.#refusals.mayRenew(login, this.#clock.now()) ? () => undefined : undefined;
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

/** What the server decided on besides the token: the same for a client and for its refusal. */
function loginOf(login: Client | DatabaseLoginRefusedError): string {
  const role = login instanceof DatabaseLoginRefusedError ? login.role : login.user;
  return `${login.host}:${login.port} ${role}`;
}
