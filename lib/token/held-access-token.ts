import type { AccessToken } from '../credential/token-credential.js';

export interface HeldAccessTokenInit extends AccessToken {
  /** When this process obtained the token, in milliseconds since the Unix epoch. */
  acquiredAt: number;
  /** `exp` of a JWT, in milliseconds: the end by the issuer's clock. */
  issuerExpiry?: number | undefined;
}

/**
 * The token that is held for a resource. Its times can be printed; the token itself is reachable only by name:
 * `util.inspect`, `JSON.stringify`, spreading and iteration do not show it.
 */
export class HeldAccessToken implements AccessToken {
  readonly #token: string;
  readonly expiresOnTimestamp: number;
  readonly refreshAfterTimestamp?: number;
  readonly tokenType: 'Bearer' | 'pop';
  readonly acquiredAt: number;
  readonly #issuerExpiry: number | undefined;

  constructor(init: HeldAccessTokenInit) {
    this.#token = init.token;
    this.expiresOnTimestamp = init.expiresOnTimestamp;
    if (init.refreshAfterTimestamp !== undefined) this.refreshAfterTimestamp = init.refreshAfterTimestamp;
    this.tokenType = init.tokenType ?? 'Bearer';
    this.acquiredAt = init.acquiredAt;
    this.#issuerExpiry = init.issuerExpiry;
    Object.freeze(this);
  }

  get token(): string {
    return this.#token;
  }

  /** Whether another token lives longer. The issuer's clock decides where it is known: nobody sets that one. */
  expiresBefore(other: HeldAccessToken): boolean {
    if (this.#issuerExpiry !== undefined && other.#issuerExpiry !== undefined) {
      return this.#issuerExpiry < other.#issuerExpiry;
    }
    return this.expiresOnTimestamp < other.expiresOnTimestamp;
  }
}
