import { BoundedMap } from '../common/bounded-map.js';
import type { StoredRefreshToken } from '../store/refresh-token-store.js';

/** A refresh token that is not stored yet, and those that may be overwritten with it. */
export interface UnsavedRefreshToken {
  value: StoredRefreshToken;
  /** The refresh tokens that it follows on. A store that holds another one has been written by somebody else. */
  follows: readonly string[];
}

const mostFallbacks = 3;
const mostRetired = 20;
const mostFollowed = 200;

/** What a process knows of refresh tokens beside its store. */
export class RefreshTokenMemory {
  /** The one in use, as far as is known. */
  latest: StoredRefreshToken | undefined;
  /** One that must still be stored. */
  unsaved: UnsavedRefreshToken | undefined;
  /** Tried when the one in use is refused, newest first. */
  #fallbacks: StoredRefreshToken[] = [];
  readonly #retired = new BoundedMap<string, 'refused' | 'replaced'>(mostRetired);
  /** The last one that came out of a damaged response, and may be damaged itself. */
  #doubtful: { refreshToken: string; follows: string } | undefined;

  /**
   * Notes a refresh token that waits to be stored.
   *
   * @param follows the refresh tokens that it may overwrite, beside those that its own forerunner may
   */
  keep(value: StoredRefreshToken, follows: readonly string[]): void {
    const earlier = this.unsaved;
    const before = earlier === undefined ? [] : [...earlier.follows, earlier.value.refreshToken];
    const [first, ...others] = new Set([...before, ...follows]);
    // The store holds the first one, unless somebody else writes it; the others were never stored.
    this.unsaved = { value, follows: first === undefined ? [] : [first, ...others.slice(-mostFollowed)] };
    this.latest = value;
  }

  addFallback(value: StoredRefreshToken): void {
    const others = this.#fallbacks.filter(({ refreshToken }) => refreshToken !== value.refreshToken);
    this.#fallbacks = [value, ...others].slice(0, mostFallbacks);
  }

  /** Notes a refresh token that may be damaged: the one that was redeemed for it serves when it is refused. */
  doubt(refreshToken: string, redeemed: StoredRefreshToken): void {
    this.#doubtful = { refreshToken, follows: redeemed.refreshToken };
    this.addFallback(redeemed);
  }

  /** Notes what became of a refresh token: it is not tried again in place of another. */
  retire(refreshToken: string, why: 'refused' | 'replaced'): void {
    this.#retired.set(refreshToken, why);
  }

  /**
   * Notes that the store holds a refresh token that was replaced here: it has gone back to an older state, as a database
   * does that fails over. Its successor has to be stored once more, or if it was never stored, over that one.
   */
  recover(stored: string): void {
    const successor = this.unsaved?.value ?? this.latest;
    if (successor === undefined || successor.refreshToken === stored) return;
    if (this.#retired.get(stored) !== 'replaced' || this.#retired.has(successor.refreshToken)) return;
    this.keep(successor, [stored]);
  }

  /**
   * Notes that the server has accepted a refresh token.
   *
   * @returns the one that it has replaced for sure, if that was in doubt until now
   */
  accept(refreshToken: string): string | undefined {
    this.#retired.delete(refreshToken);
    const replaced = this.#doubtful?.refreshToken === refreshToken ? this.#doubtful.follows : undefined;
    if (replaced !== undefined) this.#doubtful = undefined;
    const over = [refreshToken, replaced];
    this.#fallbacks = this.#fallbacks.filter((fallback) => !over.includes(fallback.refreshToken));
    return replaced;
  }

  /**
   * What to redeem, best first. The first is tried whatever happened before: an operator may have repaired what made
   * the server refuse it.
   *
   * @param stored what the store holds; `undefined` when it is empty or cannot be read
   */
  candidates(stored: StoredRefreshToken | undefined): StoredRefreshToken[] {
    const inUse = this.unsaved?.value ?? stored ?? this.latest;
    const others = [stored, ...this.#fallbacks].filter((value) => value !== undefined);
    return [
      ...(inUse === undefined ? [] : [inUse]),
      ...others.filter((value) => this.#isWorthATry(value, inUse)),
    ];
  }

  #isWorthATry({ refreshToken }: StoredRefreshToken, inUse: StoredRefreshToken | undefined): boolean {
    return refreshToken !== inUse?.refreshToken && !this.#retired.has(refreshToken);
  }
}
