import type { AccessToken, GetTokenOptions, TokenCredential } from '../entra/token-credential.js';
import type { UserGrant } from './user-grant.js';
import type { UserCalls } from './user-calls.js';

/** A credential that speaks for one user, for as long as the token that the user called with lives. */
export interface UserTokenCredential extends TokenCredential {
  /**
   * The user's token for a resource: at once when a valid one is held.
   *
   * @param resourceOrScopes name of a resource of `users.resources`, or scopes
   * @param options `claims` bypass the held token, and the new one replaces it; `abortSignal` ends this caller's wait only
   * @throws {UserInteractionRequiredError} when Entra wants the user
   * @throws {InvalidAssertionError} when the user's token has expired or is refused
   * @throws {TokenUnavailableError} when no token can be had for another reason
   */
  getToken(resourceOrScopes: string | string[], options?: GetTokenOptions): Promise<AccessToken>;
  /** Reports that a resource rejected the user's token: the next call fetches another one. */
  invalidate(rejected: AccessToken | string): void;
}

/** Shows nothing of the user's tokens to `util.inspect`, JSON and spreading. */
export class GrantCredential implements UserTokenCredential {
  readonly #calls: UserCalls;
  readonly #grant: UserGrant;

  constructor(calls: UserCalls, grant: UserGrant) {
    this.#calls = calls;
    this.#grant = grant;
  }

  getToken(resourceOrScopes: string | string[], options?: GetTokenOptions): Promise<AccessToken> {
    return this.#calls.getToken(this.#grant, resourceOrScopes, options);
  }

  invalidate(rejected: AccessToken | string): void {
    this.#calls.invalidate(this.#grant, typeof rejected === 'string' ? rejected : rejected.token);
  }
}
