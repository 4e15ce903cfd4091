import type { OnApplicationShutdown } from '@nestjs/common';

import { EntraOptionsError } from '../../common/entra-auth.error.js';
import type { UserTokenCredential } from '../../users/user-credential.js';
import type { UserInteractionRequiredError } from '../../users/user-token.error.js';
import type { UserTokens, UserTokensState } from '../../users/user-tokens.js';

/**
 * Exchanges the access tokens of an API's callers for tokens of other APIs, by the on-behalf-of flow, and holds them in
 * memory. While a valid one is held, no call fails or waits for the network.
 *
 * It does not authenticate callers: validate their tokens first, by passport or `jose`.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/v2-oauth2-on-behalf-of-flow
 */
export class EntraUserTokenService implements OnApplicationShutdown {
  readonly #users: UserTokens | undefined;

  /** @internal made by the module */
  constructor(users: UserTokens | undefined) {
    this.#users = users;
  }

  /**
   * A credential that speaks for the user who called, for the clients of Graph and Azure SDKs. The exact token is the key:
   * two live tokens of one user serve side by side. Makes no request.
   *
   * @param assertion the access token that the user called with, without `Bearer`
   * @throws {InvalidAssertionError} for what is not a live access token of a user for this application
   * @throws {EntraOptionsError} without the option `users` of the module
   */
  onBehalfOf(assertion: string): UserTokenCredential {
    return this.#tokens().onBehalfOf(assertion);
  }

  /**
   * The last refusal that Entra sent for this token of a user, while it is held. For errors of SDKs that swallow theirs.
   *
   * @param assertion the access token that the user called with
   */
  interactionRequired(assertion: string): UserInteractionRequiredError | undefined {
    return this.#users?.interactionRequired(assertion);
  }

  /** What is held, and what was done for it. Free of secrets. */
  state(): UserTokensState {
    return this.#tokens().state();
  }

  /** Begins no more exchanges. Tokens that are held are served until they expire. Called by Nest. */
  onApplicationShutdown(): void {
    this.#users?.stop();
  }

  #tokens(): UserTokens {
    if (this.#users !== undefined) return this.#users;
    const fix = 'Give { client: { tenantId, clientId, clientSecret }, resources: { graph: {} } }.';
    throw new EntraOptionsError('users', 'missing', fix);
  }
}
