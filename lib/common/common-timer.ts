import { longestDelayInMs, unref, type Clock, type TimerHandle, type Timestamp } from './clock.js';

interface Wait {
  readonly callback: () => void;
  /** When it began. */
  at: Timestamp;
}

/**
 * Timers of one length over a single one of the clock, which stays when the last wait has ended, until it fires: a wait that
 * ends soon costs neither a timer nor its list. Takes the place of a clock's own timers. Does not keep the process alive.
 */
export class CommonTimer implements Pick<Clock, 'setTimeout' | 'clearTimeout'> {
  readonly #clock: Clock;
  readonly #delayInMs: number;
  /** From the first that began on. */
  readonly #waits = new Set<Wait>();
  #timer: TimerHandle;
  #isArmed = false;
  #isStopped = false;

  constructor(clock: Clock, delayInMs: number) {
    this.#clock = clock;
    this.#delayInMs = Math.min(delayInMs, longestDelayInMs);
  }

  /** Calls back after the common delay. */
  setTimeout(callback: () => void): Wait {
    const wait = { callback, at: this.#clock.now() };
    this.#waits.add(wait);
    if (!this.#isArmed) this.#arm(this.#delayInMs);
    return wait;
  }

  clearTimeout(wait: unknown): void {
    this.#waits.delete(wait as Wait);
    if (this.#isStopped) this.stop();
  }

  /** Leaves no timer behind once the last wait has ended. */
  stop(): void {
    this.#isStopped = true;
    if (this.#waits.size > 0) return;
    this.#clock.clearTimeout(this.#timer);
    this.#isArmed = false;
  }

  #arm(delayInMs: number): void {
    this.#isArmed = true;
    this.#timer = this.#clock.setTimeout(() => this.#fire(), delayInMs);
    unref(this.#timer);
  }

  /** What a callback begins is seen here, too. */
  #fire(): void {
    const now = this.#clock.now();
    for (const wait of this.#waits) {
      // A clock that was set back lets a wait begin anew.
      wait.at = Math.min(wait.at, now);
      const leftInMs = this.#delayInMs - (now - wait.at);
      if (leftInMs > 0) return this.#arm(leftInMs);
      this.#waits.delete(wait);
      wait.callback();
    }
    this.#isArmed = false;
  }
}
