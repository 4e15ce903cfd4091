import type { LocalUser } from '../directory/people.js';
import type { TokenSubject } from '../tokens/hand-made-token.js';

/** How a person has signed in to an application; no browser is needed here. */
export interface SignIn {
  /** Who. @default Nora Notes, `nora@contoso.example`, with a fixed object ID */
  user?: Partial<LocalUser>;
  /** To which application; only this one may redeem the refresh tokens. @default the first client */
  client?: TokenSubject;
  /**
   * What was asked for then; a request without a scope or resource gets it again. With `openid` every response has an
   * ID token.
   * @default ['openid', 'offline_access', 'https://graph.microsoft.com/.default']
   */
  scopes?: readonly string[];
  /** How long each refresh token may lie unused. @default 7776000, 90 days; with `spa` 86400 */
  lifetimeInSeconds?: number;
  /**
   * Whether it was a single-page application: then the lifetime counts from the sign-in, whatever is redeemed meanwhile.
   * Its refresh tokens are redeemed with an `Origin` header and without a secret; those of others without `Origin`.
   * @default false
   */
  spa?: boolean;
  /** `nonce` of the ID tokens. @default none */
  nonce?: string;
}
