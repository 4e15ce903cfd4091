import type { Clock, Timestamp } from '../common/clock.js';
import { EntraShutDownError } from '../common/entra-auth.error.js';
import { asError } from '../common/thrown.js';
import { TokenRequestFailedError } from '../entra/token-endpoint.error.js';

interface Waiting {
  begin: () => void;
  fail: (error: Error) => void;
}

const mostWaiting = 20_000;
// A day in Retry-After would outlive every assertion.
const longestPauseInMs = 600_000;

/**
 * Runs a number of exchanges at once and lets the others wait for their turn, first come first served: thousands of TLS
 * handshakes at once would hold up the event loop for seconds. While a tenant asks for a pause, none begins for it.
 */
export class ExchangeQueue {
  readonly #atOnce: number;
  readonly #clock: Clock;
  readonly #pauses = new Map<string, Timestamp>();
  #waiting: Waiting[] = [];
  /** Position of the first that still waits. */
  #first = 0;
  #running = 0;
  #isStopped = false;

  constructor(atOnce: number, clock: Clock) {
    this.#atOnce = atOnce;
    this.#clock = clock;
  }

  get length(): number {
    return this.#waiting.length - this.#first + this.#running;
  }

  /**
   * Runs an exchange when it is its turn.
   *
   * @throws {TokenRequestFailedError} while the tenant pauses, and when too many wait
   * @throws {EntraShutDownError} when the queue was stopped before its turn
   */
  run<T>(tenantId: string, exchange: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const end = (outcome: () => void): void => {
        this.#running--;
        outcome();
        this.#next();
      };
      const begin = (): void => {
        const refusal = this.#refusalFor(tenantId);
        if (refusal !== undefined) return reject(refusal);
        this.#running++;
        exchange().then(
          (value) => end(() => resolve(value)),
          (error: unknown) => end(() => reject(asError(error))),
        );
      };
      if (this.#waiting.length - this.#first >= mostWaiting) return reject(tooMany());
      this.#waiting.push({ begin, fail: reject });
      this.#next();
    });
  }

  /** Notes that a tenant asked for a pause. */
  pause(tenantId: string, forMs: number): void {
    const until = this.#clock.now() + Math.min(forMs, longestPauseInMs);
    this.#pauses.set(tenantId, Math.max(until, this.#pauses.get(tenantId) ?? 0));
  }

  /** How long a tenant still pauses, in milliseconds; zero when it does not. */
  pauseOf(tenantId: string): number {
    const until = this.#pauses.get(tenantId);
    if (until === undefined) return 0;
    const left = until - this.#clock.now();
    // A clock that was set back must not prolong it.
    if (left > 0 && left <= longestPauseInMs) return left;
    this.#pauses.delete(tenantId);
    return 0;
  }

  /** Rejects what waits, and begins nothing more. */
  stop(): void {
    this.#isStopped = true;
    const waiting = this.#waiting.slice(this.#first);
    this.#waiting = [];
    this.#first = 0;
    for (const { fail } of waiting) fail(new EntraShutDownError());
  }

  #refusalFor(tenantId: string): Error | undefined {
    if (this.#isStopped) return new EntraShutDownError();
    const retryAfterInMs = this.pauseOf(tenantId);
    return retryAfterInMs === 0 ? undefined : paused(retryAfterInMs);
  }

  #next(): void {
    while (this.#running < this.#atOnce) {
      const next = this.#waiting[this.#first];
      if (next === undefined) break;
      this.#first++;
      next.begin();
    }
    if (this.#first < 1_000 && this.#first < this.#waiting.length) return;
    this.#waiting = this.#waiting.slice(this.#first);
    this.#first = 0;
  }
}

function paused(retryAfterInMs: number): TokenRequestFailedError {
  return new TokenRequestFailedError(
    'The token endpoint asked for a pause, which is not over.',
    'Try again after it; users whose tokens are held are served.',
    { retryable: true, retryAfterInMs },
  );
}

function tooMany(): TokenRequestFailedError {
  return new TokenRequestFailedError(
    `${mostWaiting} exchanges wait for the token endpoint already.`,
    'Try again later, and check why the endpoint is slow.',
    { retryable: true },
  );
}
