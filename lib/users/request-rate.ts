import type { Clock, Timestamp } from '../common/clock.js';

/** Limits requests that no caller waits for to so many a second. Those that callers wait for count too, and are never held up. */
export class RequestRate {
  readonly #clock: Clock;
  readonly #perSecond: number;
  #left: number;
  #at: Timestamp;

  constructor(perSecond: number, clock: Clock) {
    this.#clock = clock;
    this.#perSecond = perSecond;
    this.#left = this.#most;
    this.#at = clock.now();
  }

  /** @returns whether a request may be sent now */
  take(): boolean {
    this.#refill();
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }

  /** Counts a request that a caller waits for: up to a second's worth of others give way to it. */
  count(): void {
    this.#refill();
    this.#left = Math.max(this.#left - 1, -this.#most);
  }

  /** Within a second; a rate below one saves up one request. */
  get #most(): number {
    return Math.max(1, this.#perSecond);
  }

  #refill(): void {
    const now = this.#clock.now();
    // A clock that was set back gives nothing.
    const passedInMs = Math.max(0, now - this.#at);
    this.#at = now;
    this.#left = Math.min(this.#most, this.#left + (passedInMs / 1000) * this.#perSecond);
  }
}
