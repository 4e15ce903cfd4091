import { BoundedMap } from '../common/bounded-map.js';
import type { StoredRefreshToken } from '../store/refresh-token-store.js';

/** A refresh token that is not stored yet, and those that it may overwrite. */
export interface UnsavedRefreshToken {
  value: StoredRefreshToken;
  /** The refresh tokens that it follows on. A store with another one was written by another process. */
  follows: readonly string[];
}

const mostFallbacks = 3;
const mostRetired = 20;
const mostFollowed = 200;

/** What a process knows of refresh tokens in addition to its store. */
export class RefreshTokenMemory {
  /** The refresh token in use, as far as known. */
  latest: StoredRefreshToken | undefined;
  /** A refresh token that must still be stored. */
  unsaved: UnsavedRefreshToken | undefined;
  /** Redeemed when the one in use is refused, newest first. */
  #fallbacks: StoredRefreshToken[] = [];
  readonly #retired = new BoundedMap<string, 'refused' | 'replaced'>(mostRetired);
  /** The last refresh token from a damaged response, which may be damaged itself. */
  #doubtful: { refreshToken: string; follows: string } | undefined;

  /**
   * Notes a refresh token that must be stored.
   *
   * @param follows the refresh tokens that it may overwrite, in addition to those that its unsaved predecessor may
   */
  keep(value: StoredRefreshToken, follows: readonly string[]): void {
    const earlier = this.unsaved;
    const before = earlier === undefined ? [] : [...earlier.follows, earlier.value.refreshToken];
    const [first, ...others] = new Set([...before, ...follows]);
    // The store holds the first one, unless another process writes it; the others were never stored.
    this.unsaved = { value, follows: first === undefined ? [] : [first, ...others.slice(-mostFollowed)] };
    this.latest = value;
  }

  addFallback(value: StoredRefreshToken): void {
    const others = this.#fallbacks.filter(({ refreshToken }) => refreshToken !== value.refreshToken);
    this.#fallbacks = [value, ...others].slice(0, mostFallbacks);
  }

  /** Notes a refresh token that may be damaged. The one that was redeemed for it becomes a fallback. */
  doubt(refreshToken: string, redeemed: StoredRefreshToken): void {
    this.#doubtful = { refreshToken, follows: redeemed.refreshToken };
    this.addFallback(redeemed);
  }

  /** Notes that a refresh token was refused or replaced: it is not tried again as a fallback. */
  retire(refreshToken: string, why: 'refused' | 'replaced'): void {
    this.#retired.set(refreshToken, why);
  }

  /**
   * Notes what the store holds. If it was replaced here, the store went back to an older state, as after a failover of the
   * database: its successor must be stored again.
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
   * @returns the refresh token that it replaced, if that was in doubt until now
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
   * Lists what to redeem, best first. The first is tried even if it was refused before: an operator may have repaired the
   * reason.
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

  #isWorthATry({ refreshToken, user }: StoredRefreshToken, inUse: StoredRefreshToken | undefined): boolean {
    // Another user may have signed in since, also one of another tenant with the same object id.
    const { objectId, tenantId } = inUse?.user ?? {};
    if (user?.objectId !== objectId || user?.tenantId !== tenantId) return false;
    return refreshToken !== inUse?.refreshToken && !this.#retired.has(refreshToken);
  }
}
