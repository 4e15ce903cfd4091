import type { Clock } from '../common/clock.js';
import { deferred, type Deferred } from '../common/deadline.js';
import type { AccessToken } from '../entra/token-credential.js';
import { LoginRefusals } from './login-refusals.js';
import type { LoginTokens } from './login-tokens.js';

/** What a server decides on besides the token. */
export interface LoginTarget {
  readonly host: string;
  readonly port: number;
  /** The role, for people also when it is not known; absent where the server finds it by the token alone. */
  readonly user?: string;
}

/** Makes the second try of logins that were refused for their token. */
export class LoginRetry {
  readonly #tokens: LoginTokens;
  readonly #clock: Clock;
  readonly #refusals: LoginRefusals;
  /** What was refused, by the refusals. */
  readonly #refused = new WeakMap<Error, { login: string; token: AccessToken }>();
  /** Second tries under way, each the first of many with a new token; the others wait for its outcome. */
  readonly #trials = new Map<string, Deferred<void>>();

  /** @param retryInMs how often to try a new token for a role that two have been refused for */
  constructor(tokens: LoginTokens, clock: Clock, retryInMs: number) {
    this.#tokens = tokens;
    this.#clock = clock;
    this.#refusals = new LoginRefusals(retryInMs);
  }

  accepted(target: LoginTarget, token: AccessToken): void {
    this.#refusals.accepted(loginOf(target), token);
  }

  /** @param refusal an error that another token might have avoided */
  refused(target: LoginTarget, token: AccessToken, refusal: Error): void {
    const login = loginOf(target);
    this.#refusals.refused(login, token);
    this.#refused.set(refusal, { login, token });
  }

  /** Whether a login of this role to this server has been refused with this very token. */
  wasRefused(target: LoginTarget, token: AccessToken): boolean {
    return this.#refusals.wasRefused(loginOf(target), token);
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
    if (refused === undefined) return undefined;
    const { login } = refused;
    const now = this.#clock.now();
    if (!this.#refusals.mayRenew(login, now)) return undefined;
    this.#refusals.renewed(login, now);
    try {
      const token = await this.#tokens.after(refused.token, deadline);
      if (token.token === refused.token.token) return undefined;
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

function loginOf({ host, port, user }: LoginTarget): string {
  return `${host}:${port} ${user ?? ''}`;
}
