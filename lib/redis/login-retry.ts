import { backoffDelay } from '../common/backoff.js';
import { systemClock, unref, type Clock, type TimerHandle } from '../common/clock.js';

const initialDelayInMs = 1_000;
const maxDelayInMs = 30_000;
const shortestDelayInMs = 100;
// A new connection takes the place of one that cannot log in anew when so much is left of what was left at first.
const shareForReplacing = 0.25;
const longestForReplacingInMs = 10_000;

/**
 * Plans what follows on a refused login of an open connection: further tries, apart by backoff, and a new connection
 * shortly before the token of the old one ends.
 */
export class LoginRetry {
  #failures = 0;
  #marginInMs = 0;
  #timer: TimerHandle;

  constructor(private readonly clock: Clock = systemClock) {}

  /** @param expiresAt when the token ends that the connection serves by */
  plan(expiresAt: number, tryAgain: () => void, replace: () => void): void {
    const leftInMs = expiresAt - this.clock.now();
    if (this.#failures === 0) {
      this.#marginInMs = Math.min(leftInMs * shareForReplacing, longestForReplacingInMs);
    }
    this.#failures++;
    const untilReplacingInMs = leftInMs - this.#marginInMs;
    const policy = {
      initialDelayInMs: Math.min(initialDelayInMs, leftInMs / 8),
      maxDelayInMs,
      shareOfLifeLeft: 0,
    };
    const delayInMs = Math.max(backoffDelay(this.#failures, policy, this.clock.random()), shortestDelayInMs);
    const isLast = untilReplacingInMs <= delayInMs;
    this.clock.clearTimeout(this.#timer);
    this.#timer = this.clock.setTimeout(
      isLast ? replace : tryAgain,
      isLast ? Math.max(untilReplacingInMs, shortestDelayInMs) : delayInMs,
    );
    unref(this.#timer);
  }

  /** Forgets the failures: the connection has a new login, or is closed. */
  stop(): void {
    this.#failures = 0;
    this.clock.clearTimeout(this.#timer);
  }
}
