import type { AccessToken } from '../credential/token-credential.js';

export interface HeldAccessTokenInit extends AccessToken {
  /** When this process obtained the token, in milliseconds since the Unix epoch. */
  acquiredAt: number;
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

  constructor(init: HeldAccessTokenInit) {
    this.#token = init.token;
    this.expiresOnTimestamp = init.expiresOnTimestamp;
    if (init.refreshAfterTimestamp !== undefined) this.refreshAfterTimestamp = init.refreshAfterTimestamp;
    this.tokenType = init.tokenType ?? 'Bearer';
    this.acquiredAt = init.acquiredAt;
    Object.freeze(this);
  }

  get token(): string {
    return this.#token;
  }
}
