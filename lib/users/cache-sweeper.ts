import { unref, type Clock, type TimerHandle, type Timestamp } from '../common/clock.js';
import type { UserCache } from './user-cache.js';
import type { UserEntry } from './user-entry.js';

const intervalInMs = 60_000;
const mostInTurn = 1_000;
// Tokens are let go earlier before their end than by this.
const clockToleranceInMs = 60_000;

type Visit = (entry: UserEntry, now: Timestamp, everyMs: number) => void;

/**
 * Looks at all entries, and deletes those that are over, once a minute, a thousand in a turn of the event loop. Has no timer while
 * the cache is empty. After the clock was set back, their tokens end earlier than they seem to: the next use of each refreshes it.
 */
export class CacheSweeper {
  readonly #cache: UserCache;
  readonly #clock: Clock;
  readonly #visit: Visit;
  #timer: TimerHandle;
  /** When a round is due at the earliest. */
  #roundAt: Timestamp = -Infinity;
  #isSetBack = false;
  #isStopped = false;

  /** @param visit is called with each entry that stays, and how much later it is called again, in milliseconds */
  constructor(cache: UserCache, clock: Clock, visit: Visit) {
    this.#visit = visit;
    this.#cache = cache;
    this.#clock = clock;
  }

  /** Begins to sweep, unless it does already. */
  arm(): void {
    if (this.#timer === undefined) this.#waitForRound();
  }

  stop(): void {
    this.#isStopped = true;
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #waitForRound(): void {
    this.#roundAt = this.#clock.now() + intervalInMs;
    this.#wait(intervalInMs, undefined);
  }

  #wait(delayInMs: number, from: UserEntry | undefined): void {
    if (this.#isStopped) return;
    this.#timer = this.#clock.setTimeout(() => this.#sweep(from), delayInMs);
    unref(this.#timer);
  }

  #sweep(from: UserEntry | undefined): void {
    this.#timer = undefined;
    const now = this.#clock.now();
    if (from === undefined) this.#isSetBack = now < this.#roundAt - clockToleranceInMs;
    const visit = (entry: UserEntry): void => {
      if (this.#isSetBack) for (const slot of entry.slots()) slot.freshUntil = 0;
      this.#visit(entry, now, intervalInMs);
    };
    const next = this.#cache.sweep(from, { most: mostInTurn, now, visit });
    if (next !== undefined) this.#wait(0, next);
    else if (this.#cache.size > 0) this.#waitForRound();
  }
}
