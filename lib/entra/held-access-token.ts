import type { Timestamp } from '../common/clock.js';
import type { AccessToken } from './token-credential.js';

export interface HeldAccessTokenInit extends AccessToken {
  /** When this process obtained the token. */
  acquiredAt: Timestamp;
  /** By how much this machine's clock was ahead of the issuer's then. Default: the issuer's clock is not known */
  clockAheadInMs?: number | undefined;
  /** `tid` of a JWT. */
  tenantId?: string | undefined;
}

/**
 * The token that is held for a resource. The token itself is reachable only by name: `util.inspect`, `JSON.stringify`,
 * spreading and iteration show its times alone.
 */
export class HeldAccessToken implements AccessToken {
  readonly #token: string;
  readonly expiresOnTimestamp: number;
  readonly refreshAfterTimestamp?: number;
  readonly tokenType: 'Bearer' | 'pop';
  readonly acquiredAt: number;
  readonly #clockAheadInMs: number | undefined;
  readonly #tenantId: string | undefined;

  constructor(init: HeldAccessTokenInit) {
    this.#token = init.token;
    this.expiresOnTimestamp = init.expiresOnTimestamp;
    if (init.refreshAfterTimestamp !== undefined) this.refreshAfterTimestamp = init.refreshAfterTimestamp;
    this.tokenType = init.tokenType ?? 'Bearer';
    this.acquiredAt = init.acquiredAt;
    this.#clockAheadInMs = init.clockAheadInMs;
    this.#tenantId = init.tenantId;
    Object.freeze(this);
  }

  get token(): string {
    return this.#token;
  }

  /** The tenant that issued the token, where the token is readable. */
  get tenantId(): string | undefined {
    return this.#tenantId;
  }

  /** By how much this machine's clock was ahead of the issuer's, in milliseconds; negative when it was behind, zero when nothing showed it. */
  get clockAheadInMs(): number {
    return this.#clockAheadInMs ?? 0;
  }

  /**
   * Whether another token ends later, by more than a tolerance. Compares by the issuer's clock where it is known for both:
   * this machine's may have been set in between.
   */
  expiresBefore(other: HeldAccessToken, toleranceInMs = 0): boolean {
    const [ahead, otherAhead] = [this.#clockAheadInMs, other.#clockAheadInMs];
    const aheadByMs = ahead === undefined || otherAhead === undefined ? 0 : ahead - otherAhead;
    return this.expiresOnTimestamp - aheadByMs + toleranceInMs < other.expiresOnTimestamp;
  }
}
