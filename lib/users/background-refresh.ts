import { unref, type Clock, type Timestamp, type TimerHandle } from '../common/clock.js';
import type { RequestRate } from './request-rate.js';
import { SignInEntry } from './sign-ins/sign-in.grant.js';
import type { UserEntry } from './user-entry.js';
import type { UserResource } from './user-resources.js';
import type { UserSlot } from './user-slot.js';

const intervalInMs = 1_000;

/** How far the background goes. */
export interface BackgroundSettings {
  readonly maxRequestsPerSecond: number;
  readonly idleAfterInMs: number;
}

export interface BackgroundRefreshParts {
  clock: Clock;
  idleAfterInMs: number;
  rate: RequestRate;
  /** Whether the tenant of an entry is left alone at the moment. */
  isPaused: (entry: UserEntry) => boolean;
  /** Fetches another token. Notes the outcome itself. */
  refresh: (entry: SignInEntry, resource: UserResource) => void;
}

/**
 * Refreshes the tokens of stored sign-ins ahead of their end, without a use, as long as they have been used lately. The tokens of
 * callers are refreshed by a use: what they are exchanged for is not kept.
 */
export class BackgroundRefresh {
  readonly #parts: BackgroundRefreshParts;
  readonly #due = new Map<UserSlot, SignInEntry>();
  #timer: TimerHandle;
  #isStopped = false;

  constructor(parts: BackgroundRefreshParts) {
    this.#parts = parts;
  }

  /** How many are due and wait for their turn. */
  get waiting(): number {
    return this.#due.size;
  }

  /**
   * Looks at an entry, from time to time.
   *
   * @param everyMs how much later the next look comes
   */
  visit(entry: UserEntry, now: Timestamp, everyMs: number): void {
    if (!(entry instanceof SignInEntry)) return;
    for (const slot of entry.slots()) {
      slot.idleInMs += everyMs;
      if (slot.idleInMs > this.#parts.idleAfterInMs) continue;
      if (slot.freshUntil < Math.min(entry.usableUntil(slot), now + everyMs)) this.#due.set(slot, entry);
    }
    if (this.#due.size > 0) this.#plan();
  }

  stop(): void {
    this.#isStopped = true;
    this.#due.clear();
    this.#parts.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #plan(): void {
    if (this.#timer !== undefined || this.#isStopped) return;
    this.#timer = this.#parts.clock.setTimeout(() => this.#drain(), intervalInMs);
    unref(this.#timer);
  }

  #drain(): void {
    this.#timer = undefined;
    const { clock, rate, isPaused, refresh } = this.#parts;
    const now = clock.now();
    for (const [slot, entry] of this.#due) {
      const { resource } = slot;
      const usableUntil = entry.usableUntil(slot);
      const isWanted = resource !== undefined && slot.freshUntil < usableUntil && now < usableUntil;
      if (isWanted && isPaused(entry)) continue;
      if (isWanted && !rate.take()) break;
      this.#due.delete(slot);
      if (!isWanted) continue;
      slot.freshUntil = usableUntil;
      refresh(entry, resource);
    }
    if (this.#due.size > 0) this.#plan();
  }
}
