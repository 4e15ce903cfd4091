import type { Clock, Timestamp } from '../../common/clock.js';

const firstPauseInMs = 1_000;
const longestPauseInMs = 30_000;

/** Pauses the use of something that fails: for a second, then for twice as long after each failure, up to half a minute. */
export class Circuit {
  readonly #clock: Clock;
  #failures = 0;
  #openedAt: Timestamp = 0;
  #pauseInMs = 0;
  #isProbing = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether it works, as far as is known. */
  get isClosed(): boolean {
    return this.#failures === 0;
  }

  /** Whether it is time for a probe. The one that gets `true` makes it. */
  mayProbe(): boolean {
    const waited = this.#clock.now() - this.#openedAt;
    // A clock that was set back must not prolong it.
    if (this.isClosed || this.#isProbing || (waited >= 0 && waited < this.#pauseInMs)) return false;
    this.#isProbing = true;
    return true;
  }

  /** @returns whether it had failed before */
  succeeded(): boolean {
    const hadFailed = !this.isClosed;
    this.#failures = 0;
    this.#isProbing = false;
    return hadFailed;
  }

  failed(): void {
    // What was under way when it broke fails with it.
    if (!this.isClosed && !this.#isProbing) return;
    this.#isProbing = false;
    const doubled = Math.min(firstPauseInMs * 2 ** this.#failures, longestPauseInMs);
    this.#failures = Math.min(this.#failures + 1, 10);
    this.#pauseInMs = doubled * (0.75 + 0.5 * this.#clock.random());
    this.#openedAt = this.#clock.now();
  }
}
