import type { OnApplicationShutdown } from '@nestjs/common';
import type { Observable } from 'rxjs';

import { EntraOptionsError } from '../../common/entra-auth.error.js';
import type { ForgottenUser } from '../../users/forget-user.js';
import type { UserIdentity } from '../../users/person.js';
import type { SignInResponse } from '../../users/sign-ins/adopted-response.js';
import type { SignInListOptions, SignInSummary } from '../../users/sign-ins/user-sign-ins.js';
import type { UserTokenCredential } from '../../users/user-credential.js';
import type { UserTokenEvent } from '../../users/user-token-event.js';
import type { UserInteractionRequiredError } from '../../users/user-token.error.js';
import type { UserTokens } from '../../users/user-tokens.js';
import type { UserTokensState } from '../../users/user-tokens-state.js';

/**
 * Obtains tokens of users and holds them in memory: of an API's callers, by the on-behalf-of flow, and of those who signed in,
 * by their stored refresh tokens. While a valid one is held, no call fails or waits for the network.
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
   * What goes wrong with the tokens of users, and when it is over: free of secrets, and of what Entra says of a person. Completes
   * when the application shuts down.
   *
   * @throws {EntraOptionsError} without the option `users` of the module
   */
  get events(): Observable<UserTokenEvent> {
    return this.#tokens().events;
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
   * Stores the sign-in of a user under a key, in the place of an earlier one of the same user, and holds its access token. When
   * it resolves the refresh token is stored.
   *
   * The library that signed the user in has verified the response; this does not.
   *
   * @param userKey 1 to 128 bytes that only this user has, such as the object id. Readable in the store
   * @param response what the token endpoint returned for the authorization code or the device code
   * @throws {EntraOptionsError} for a response without refresh token, a wrong key, or the key of another user
   * @throws {RefreshTokenStoreError | RefreshTokenUnreadableError} when it could not be stored
   * @see https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow
   */
  async adopt(userKey: string, response: SignInResponse): Promise<void> {
    await this.#tokens().signIns.adopt(userKey, response);
  }

  /**
   * A credential that speaks for a user whose sign-in is stored. Makes no request; without a sign-in its `getToken` rejects with
   * `UserInteractionRequiredError`.
   *
   * @throws {EntraOptionsError} for what cannot be a key, and without the option `users.signIns`
   */
  forUser(userKey: string): UserTokenCredential {
    return this.#tokens().forUser(userKey);
  }

  /**
   * Lets work for the caller go on after its token has ended: exchanges the token for a refresh token, and stores that under
   * a key, for `forUser`.
   *
   * @param sessionKey 1 to 128 bytes, such as a random id of the job
   * @param assertion the access token that the user called with, without `Bearer`
   * @param resourceOrScopes what to ask consent for; the session may ask for more later
   * @throws {InvalidAssertionError | UserInteractionRequiredError | TokenUnavailableError} when the exchange fails
   * @throws {RefreshTokenStoreError | RefreshTokenUnreadableError} when it could not be stored
   */
  async beginSession(
    sessionKey: string,
    assertion: string,
    resourceOrScopes: string | string[],
  ): Promise<UserTokenCredential> {
    const tokens = this.#tokens();
    await tokens.beginSession(sessionKey, assertion, resourceOrScopes);
    return tokens.forUser(sessionKey);
  }

  /**
   * Deletes what is stored and held under the key of one sign-in or session. Entra's sessions of the user go on: revoke them
   * there.
   *
   * @returns whether anything was stored
   */
  async forget(userKey: string): Promise<boolean> {
    return this.#tokens().signIns.forget(userKey);
  }

  /**
   * Deletes everything of a person: what this process holds, the records of the shared cache, sign-ins and sessions. It reads
   * every stored sign-in to find them. Other replicas serve what they hold until that ends, unless they are told too.
   *
   * A call that the person makes afterwards is served again: revoke the sessions in Entra first.
   *
   * @param user `tid` and `oid` of the person's tokens
   * @returns what was deleted
   * @throws {EntraOptionsError} unless both are GUIDs
   * @throws {SharedCacheError | RefreshTokenStoreError} when something could not be deleted. Everything else is:
   *   call again
   */
  async forgetUser(user: UserIdentity): Promise<ForgottenUser> {
    return this.#tokens().forgetUser(user);
  }

  /** Lists the stored sign-ins by page, in the order of the bytes of their keys. */
  async listSignIns(options?: SignInListOptions): Promise<readonly SignInSummary[]> {
    return this.#tokens().signIns.list(options);
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

  /**
   * Begins no more exchanges, and stores the refresh tokens that wait for it. Tokens that are held are served until they
   * expire. Called by Nest.
   */
  async onApplicationShutdown(): Promise<void> {
    await this.#users?.close();
  }

  #tokens(): UserTokens {
    if (this.#users !== undefined) return this.#users;
    const fix = 'Give { client: { tenantId, clientId, clientSecret }, resources: { graph: {} } }.';
    throw new EntraOptionsError('users', 'missing', fix);
  }
}
