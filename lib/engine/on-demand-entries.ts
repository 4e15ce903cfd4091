import type { Clock } from '../common/clock.js';
import type { LineLogger } from '../common/guarded-logger.js';
import { Occasion } from '../common/occasion.js';
import { unexpired } from './entry-state.js';
import type { TokenEntry } from './token-entry.js';

// Enough to find an idle entry nearly always when there is one in a hundred, and a constant.
const mostExamined = 128;

/** Owns the entries on demand. */
export interface OnDemandOwner {
  /** Drops an entry whose token is idle and has expired. */
  drop(entry: TokenEntry): void;
  /** Called when an attempt for an entry has ended. */
  ended(entry: TokenEntry): void;
}

/**
 * The entries of tokens that are not configured, up to a number of them. To make room for a new one, drops one without a
 * valid token or whose token is idle; failing that, one that was not used since its last refresh. When all are in use,
 * the new one is kept only as long as callers wait for it.
 */
export class OnDemandEntries {
  readonly #most: number;
  readonly #clock: Clock;
  readonly #onDrop: (entry: TokenEntry) => void;
  readonly #entries = new Map<string, TokenEntry>();
  /** Entries that found no room. */
  readonly #surplus = new Set<TokenEntry>();
  /** Goes round the entries. A new iterator for each search would have to skip what was deleted at the beginning. */
  #hand: Iterator<TokenEntry, undefined> | undefined;

  readonly #logger: LineLogger;
  readonly #shortages = new Occasion();

  constructor(most: number, clock: Clock, onDrop: (entry: TokenEntry) => void, logger: LineLogger) {
    this.#logger = logger;
    this.#most = most;
    this.#clock = clock;
    this.#onDrop = onDrop;
  }

  get(key: string): TokenEntry | undefined {
    return this.#entries.get(key);
  }

  values(): Iterable<TokenEntry> {
    return this.#entries.values();
  }

  /** @param entry one with an `onDemandKey` that is not taken */
  add(entry: TokenEntry): void {
    if (!this.#makeRoom(1)) {
      this.#surplus.add(entry);
      this.#warn();
    }
    this.#entries.set(keyOf(entry), entry);
  }

  /** Drops an entry that found no room, now that its attempt has ended, unless there is room by now. */
  ended(entry: TokenEntry): void {
    if (entry.isAwaited || !this.#surplus.delete(entry)) return;
    if (!this.#makeRoom(0)) this.drop(entry);
  }

  drop(entry: TokenEntry): void {
    this.#surplus.delete(entry);
    if (this.#entries.get(keyOf(entry)) === entry) this.#entries.delete(keyOf(entry));
    this.#onDrop(entry);
  }

  /** Warns that all are in use, at most once a minute. */
  #warn(): void {
    if (this.#shortages.note(this.#clock.now()) === undefined) return;
    this.#logger.warn(
      `All ${this.#most} tokens that were asked for by scopes are in use: a further one is kept only while callers wait ` +
        'for it. Raise the option "onDemand.maxTokens", or configure resources.',
    );
  }

  /** @returns whether so many more entries fit */
  #makeRoom(more: number): boolean {
    if (this.#entries.size + more <= this.#most) return true;
    const victim = this.#findVictim();
    if (victim !== undefined) this.drop(victim);
    return this.#entries.size + more <= this.#most;
  }

  #findVictim(): TokenEntry | undefined {
    const now = this.#clock.now();
    let unused: TokenEntry | undefined;
    for (let examined = 0; examined < mostExamined; examined++) {
      const entry = this.#next();
      if (entry === undefined || entry.isAwaited || this.#surplus.has(entry)) continue;
      if (unexpired(entry.state, now) === undefined || entry.isIdle(now)) return entry;
      if (!entry.isUsed) unused ??= entry;
    }
    return unused;
  }

  /** The next entry in turn; `undefined` at the end of a round. */
  #next(): TokenEntry | undefined {
    this.#hand ??= this.#entries.values();
    const next = this.#hand.next();
    if (next.done !== true) return next.value;
    this.#hand = undefined;
    return undefined;
  }
}

function keyOf(entry: TokenEntry): string {
  return entry.onDemandKey ?? '';
}
