import type { Clock } from '../common/clock.js';
import { withDeadline } from '../common/deadline.js';
import { EntraTimeoutError } from '../common/entra-auth.error.js';
import type { TokenEngine } from '../engine/token-engine.js';
import type { AccessToken } from '../entra/token-credential.js';
import type { ResolvedDatabase } from './resolved-database.js';

// The wait for a token ends before the login does, so that its error surfaces and not the driver's "timeout expired".
const shareOfConnectTimeout = 0.8;

/** The tokens of one data source, each within the deadline of a login. */
export class LoginTokens {
  readonly #tokens: TokenEngine;
  readonly #dataSource: ResolvedDatabase;
  readonly #clock: Clock;

  constructor(tokens: TokenEngine, dataSource: ResolvedDatabase, clock: Clock) {
    this.#tokens = tokens;
    this.#dataSource = dataSource;
    this.#clock = clock;
  }

  /** The token that is held; without one a login has to wait. */
  held(): AccessToken | undefined {
    return this.#tokens.heldToken(this.#dataSource.resource);
  }

  /** Waits for a token. A token that one server rejected may do for another, and is better than none. */
  async first(): Promise<AccessToken> {
    try {
      return await this.#next();
    } catch (error) {
      const held = this.#tokens.lastResort(this.#dataSource.resource);
      if (held === undefined) throw error;
      return held;
    }
  }

  /** Waits for the token that takes the place of a refused one. */
  after(refused: AccessToken, deadline: number): Promise<AccessToken> {
    this.#tokens.invalidate(refused);
    return this.#next(deadline);
  }

  /** @throws {EntraTimeoutError} when `promise` has not settled by the deadline */
  until<T>(deadline: number, promise: Promise<T>, what: string): Promise<T> {
    const timeoutInMs = Math.max(0, deadline - this.#clock.now());
    const fix = 'Check that the token endpoint can be reached.';
    const onTimeout = (): Error => new EntraTimeoutError(`Waiting for ${what}`, timeoutInMs, fix);
    return withDeadline(promise, { timeoutInMs, clock: this.#clock, onTimeout });
  }

  #next(deadline = Infinity): Promise<AccessToken> {
    const { resource, connectTimeoutInMs } = this.#dataSource;
    const latest = this.#clock.now() + connectTimeoutInMs * shareOfConnectTimeout;
    const token = this.#tokens.getToken(resource);
    return this.until(Math.min(latest, deadline), token, `the access token of the resource "${resource}"`);
  }
}
