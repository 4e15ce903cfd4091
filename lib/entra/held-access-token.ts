import type { Timestamp } from '../common/clock.js';
import type { AccessToken } from './token-credential.js';

export interface HeldAccessTokenInit extends AccessToken {
  /** When this process obtained the token. */
  acquiredAt: Timestamp;
  /** When the token expires by the issuer's clock, where that is known. */
  issuerExpiry?: Timestamp | undefined;
  /** By how much this machine's clock was ahead of the issuer's then. Default: 0 */
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
  readonly #issuerExpiry: number | undefined;
  readonly #clockAheadInMs: number;
  readonly #tenantId: string | undefined;

  constructor(init: HeldAccessTokenInit) {
    this.#token = init.token;
    this.expiresOnTimestamp = init.expiresOnTimestamp;
    if (init.refreshAfterTimestamp !== undefined) this.refreshAfterTimestamp = init.refreshAfterTimestamp;
    this.tokenType = init.tokenType ?? 'Bearer';
    this.acquiredAt = init.acquiredAt;
    this.#issuerExpiry = init.issuerExpiry;
    this.#clockAheadInMs = init.clockAheadInMs ?? 0;
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

  /** By how much this machine's clock was ahead of the issuer's, in milliseconds; negative when it was behind. */
  get clockAheadInMs(): number {
    return this.#clockAheadInMs;
  }

  /**
   * Whether another token ends later, by more than a tolerance. Compares by the issuer's clock where it is known for both:
   * this machine's may have been set in between.
   */
  expiresBefore(other: HeldAccessToken, toleranceInMs = 0): boolean {
    if (this.#issuerExpiry !== undefined && other.#issuerExpiry !== undefined) {
      return this.#issuerExpiry + toleranceInMs < other.#issuerExpiry;
    }
    return this.expiresOnTimestamp + toleranceInMs < other.expiresOnTimestamp;
  }
}
