import type { Clock, Timestamp } from '../common/clock.js';
import { EntraTimeoutError } from '../common/entra-auth.error.js';
import type { AccessToken } from '../entra/token-credential.js';
import { DatabaseLoginRefusedError } from './database.error.js';
import type { LoginContext } from './database-kind.js';
import type { LoginEvent } from './login-event.js';
import { LoginRetry, type LoginTarget } from './login-retry.js';
import { LoginTokens } from './login-tokens.js';
import type { ResolvedDatabase } from './resolved-database.js';

/** One physical login, from the first byte to the server's answer. */
export interface LoginAttempt {
  readonly target: LoginTarget;
  readonly startedAt: Timestamp;
  /** What was presented to the server. */
  token?: AccessToken | undefined;
}

/** Chooses the token of each login to one data source, and knows which login presented which. */
export class DatabaseLogins {
  readonly #tokens: LoginTokens;
  readonly #retry: LoginRetry;
  readonly #onLogin: (event: () => LoginEvent) => void;
  readonly dataSource: ResolvedDatabase;
  readonly clock: Clock;

  constructor(dataSource: ResolvedDatabase, { tokens, clock, onLogin, retryInMs }: LoginContext) {
    this.dataSource = dataSource;
    this.clock = clock;
    this.#tokens = new LoginTokens(tokens, dataSource, clock);
    this.#retry = new LoginRetry(this.#tokens, clock, retryInMs);
    this.#onLogin = onLogin;
  }

  /** Chooses what to present: the held token, without a promise, unless this server has refused it for this role. */
  choose(target: LoginTarget | undefined): AccessToken | Promise<AccessToken> {
    const held = this.#tokens.held();
    // The refusal of another login does not count: that one may have the wrong role.
    const isRefused = target && held && this.#retry.wasRefused(target, held);
    return held !== undefined && !isRefused ? held : this.#tokens.first();
  }

  /** For a token that comes when the login has ended: a driver would keep it. */
  over(startedAt: Timestamp): EntraTimeoutError {
    return new EntraTimeoutError('The login', this.clock.now() - startedAt, 'It is over.');
  }

  /**
   * Reports a login and remembers its outcome.
   *
   * @param mayBeToken whether another token might change the outcome
   */
  end(attempt: LoginAttempt, error: Error | undefined, mayBeToken: boolean): void {
    const { target, token } = attempt;
    this.#onLogin(() => this.#eventOf(attempt, error));
    if (token === undefined) return;
    if (error === undefined) this.#retry.accepted(target, token);
    else if (mayBeToken) this.#retry.refused(target, token, error);
  }

  /**
   * Connects once more with another token, if that may help.
   *
   * @param startedAt when the login began: the wait for another token ends with the login's own deadline
   * @throws the refusal itself when a second try cannot help, else what the second try throws
   */
  retryOnce<T>(refusal: Error, startedAt: Timestamp, connect: () => Promise<T>): Promise<T> {
    return this.#retry.once(refusal, startedAt + this.dataSource.connectTimeoutInMs, connect);
  }

  #eventOf({ target, startedAt, token }: LoginAttempt, error: Error | undefined): LoginEvent {
    const refused = error instanceof DatabaseLoginRefusedError;
    return {
      dataSource: this.dataSource.name,
      resource: this.dataSource.resource,
      host: target.host,
      at: new Date(startedAt),
      durationInMs: this.clock.now() - startedAt,
      ...(target.user === undefined ? {} : { role: target.user }),
      outcome: error === undefined ? 'accepted' : refused ? 'refused' : 'failed',
      ...(token === undefined ? {} : { tokenExpiresAt: new Date(token.expiresOnTimestamp) }),
      ...(error === undefined ? {} : { error }),
    };
  }
}
