import type { Clock } from '../common/clock.js';
import type { LineLogger } from '../common/guarded-logger.js';
import type { TokenSlot } from './token-slot.js';

// Enough to find an idle slot nearly always when there is one in a hundred, and a constant.
const mostExamined = 128;

const warningIntervalInMs = 60_000;

/** Keeps the slots that were made on demand. */
export interface OnDemandOwner {
  /** Lets go of a slot that nobody uses. */
  drop(slot: TokenSlot): void;
  /** Told when an attempt for a slot has ended. */
  settled(slot: TokenSlot): void;
}

/**
 * The slots of tokens that nobody configured, bounded in number. To make room for a new one, a slot is dropped that
 * holds no valid token or whose token nobody has anymore; failing that, one that was not used since its last refresh.
 * When all are in use, the new one is kept only as long as callers wait for it.
 */
export class OnDemandSlots {
  readonly #most: number;
  readonly #clock: Clock;
  readonly #onDrop: (slot: TokenSlot) => void;
  readonly #slots = new Map<string, TokenSlot>();
  /** Slots that found no room. */
  readonly #surplus = new Set<TokenSlot>();
  /** Goes round the slots. A new iterator for each search would have to skip what was deleted at the beginning. */
  #hand: Iterator<TokenSlot, undefined> | undefined;

  readonly #logger: LineLogger;
  #warnedAt = -Infinity;

  constructor(most: number, clock: Clock, onDrop: (slot: TokenSlot) => void, logger: LineLogger) {
    this.#logger = logger;
    this.#most = most;
    this.#clock = clock;
    this.#onDrop = onDrop;
  }

  get(key: string): TokenSlot | undefined {
    return this.#slots.get(key);
  }

  values(): Iterable<TokenSlot> {
    return this.#slots.values();
  }

  /** @param slot one with an `onDemandKey` that is not taken */
  add(slot: TokenSlot): void {
    if (!this.#makeRoom(1)) {
      this.#surplus.add(slot);
      this.#warn();
    }
    this.#slots.set(keyOf(slot), slot);
  }

  /** Drops a slot that found no room, now that its attempt has ended, unless there is room by now. */
  settled(slot: TokenSlot): void {
    if (slot.isAwaited || !this.#surplus.delete(slot)) return;
    if (!this.#makeRoom(0)) this.drop(slot);
  }

  drop(slot: TokenSlot): void {
    this.#surplus.delete(slot);
    if (this.#slots.get(keyOf(slot)) === slot) this.#slots.delete(keyOf(slot));
    this.#onDrop(slot);
  }

  /** Warns that there is no room, once a minute at most. */
  #warn(): void {
    const now = this.#clock.now();
    if (now >= this.#warnedAt && now - this.#warnedAt < warningIntervalInMs) return;
    this.#warnedAt = now;
    this.#logger.warn(
      `All ${this.#most} tokens that were asked for by scopes are in use: a further one is kept only while callers wait ` +
        'for it. Raise the option "onDemand.maxTokens", or configure resources.',
    );
  }

  /** @returns whether so many more slots fit */
  #makeRoom(more: number): boolean {
    if (this.#slots.size + more <= this.#most) return true;
    const victim = this.#findVictim();
    if (victim !== undefined) this.drop(victim);
    return this.#slots.size + more <= this.#most;
  }

  #findVictim(): TokenSlot | undefined {
    const now = this.#clock.now();
    let unused: TokenSlot | undefined;
    for (let examined = 0; examined < mostExamined; examined++) {
      const slot = this.#next();
      if (slot === undefined || slot.isAwaited || this.#surplus.has(slot)) continue;
      if (slot.unexpired(now) === undefined || slot.isIdle(now)) return slot;
      if (!slot.usedSinceRefresh) unused ??= slot;
    }
    return unused;
  }

  /** The next slot in turn; `undefined` at the end of a round. */
  #next(): TokenSlot | undefined {
    this.#hand ??= this.#slots.values();
    const next = this.#hand.next();
    if (next.done !== true) return next.value;
    this.#hand = undefined;
    return undefined;
  }
}

function keyOf(slot: TokenSlot): string {
  return slot.onDemandKey ?? '';
}
