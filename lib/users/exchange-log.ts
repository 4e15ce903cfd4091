import type { Clock } from '../common/clock.js';
import { GuardedLogger, type LineLogger } from '../common/guarded-logger.js';
import type { EntraAuthError } from '../common/entra-auth.error.js';

const shortestIntervalInMs = 60_000;

/** Writes when exchanges begin to fail for a reason that is not a user's, once a minute while they do, and when one succeeds. */
export class ExchangeLog {
  readonly #logger: LineLogger;
  readonly #clock: Clock;
  #failures = 0;
  #loggedAt = -Infinity;

  constructor(logger: LineLogger, clock: Clock) {
    this.#logger = new GuardedLogger(logger);
    this.#clock = clock;
  }

  failed(error: EntraAuthError): void {
    this.#failures++;
    const now = this.#clock.now();
    if (Math.abs(now - this.#loggedAt) < shortestIntervalInMs) return;
    this.#loggedAt = now;
    const level = error.retryable ? 'warn' : 'error';
    this.#logger[level](`Exchanges of users' tokens fail (${this.#failures} so far). ${error.message}`);
  }

  succeeded(): void {
    if (this.#failures === 0) return;
    this.#logger.log(`Exchanges of users' tokens succeed again, after ${this.#failures} that failed.`);
    this.#failures = 0;
    this.#loggedAt = -Infinity;
  }
}
