import type { OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import type { Observable } from 'rxjs';

import type { EntraAuthError } from '../common/entra-auth.error.js';
import type { TokenEvent } from '../engine/token-event.js';
import type { TokenState } from '../engine/token-state.js';
import type { AccessToken, GetTokenOptions, TokenCredential } from '../entra/token-credential.js';

/**
 * Holds the access tokens of an application and keeps them fresh in the background. While it holds a valid token, no
 * call fails or waits for the network, whatever the token endpoint does.
 *
 * It is itself a credential: every client of an Azure SDK, and everything else that takes a `TokenCredential`, can
 * be given this service.
 *
 * Abstract, and without private members, so that a stand-in of a test has its type: `fakeEntraTokens()`.
 *
 * @see https://learn.microsoft.com/javascript/api/@azure/core-auth/tokencredential
 */
export abstract class EntraTokenService implements TokenCredential, OnModuleInit, OnApplicationShutdown {
  /** What happens to the tokens, free of secrets. Completes when the application shuts down. */
  abstract get events(): Observable<TokenEvent>;

  /**
   * The access token of a resource: at once when a valid one is held, else as soon as the credential gives one.
   *
   * @param resourceOrScopes name of a configured resource, or scopes
   * @param options `claims` bypass the held token and replace it; a `tenantId` other than the held token's selects
   *   another token; `enableCae` is a capability of the caller and selects no other token;
   *   `abortSignal` ends this caller's wait only
   * @throws {UnknownResourceError} for a name that is neither configured nor a scope
   * @throws {EntraOptionsError} for scopes or options that no token request can hold
   * @throws {TokenUnavailableError} when no valid token is held and none can be obtained; `retryable` tells whether waiting
   *   can help
   */
  abstract getToken(resourceOrScopes: string | string[], options?: GetTokenOptions): Promise<AccessToken>;

  /**
   * Reports that a server rejected a token. If it is still held, it is replaced in the background: calls wait for the new
   * one, and get the old one if the attempt fails. A token that is not held any more is ignored.
   *
   * @param rejected the token, or what `getToken` returned
   */
  abstract invalidate(rejected: AccessToken | string): void;

  /**
   * Reports that a server refused a login: emits `login-refused`, and leaves the token alone. The clients of
   * `nestjs-entra-auth/redis` call it.
   *
   * @param resource name of a configured resource
   * @param error free of secrets
   * @throws {UnknownResourceError} for a name that is not configured
   */
  abstract reportRefusedLogin(resource: string, error: EntraAuthError): void;

  /**
   * Replaces the token of a resource now, for example after a role was granted. One request serves all who ask at the same
   * time. Managed identity may return the token that is held already. A token that ends sooner is taken, unless it leaves
   * less than half of the held one's time; refreshes in the background keep the one that ends later.
   *
   * @param resource name of a configured resource
   * @throws {UnknownResourceError} for a name that is not configured
   * @throws {TokenUnavailableError} when the attempt fails; the held token stays in use
   */
  abstract refresh(resource: string): Promise<AccessToken>;

  /**
   * Where the tokens stand. Free of secrets.
   *
   * @param resource name of a configured resource. Default: all, tokens that were asked for by scopes included
   * @throws {UnknownResourceError} for a name that is not configured
   */
  abstract state(resource?: string): TokenState[];

  /**
   * A function that returns the current token as a string, for drivers that ask for the password on each new
   * connection: `pg.Pool` and what is built on it. Others need a few lines more; `docs/drivers.md` has them.
   * Ends the connection of a `pg` client that it has to fail.
   *
   * @param resource name of a configured resource. Default: `'postgres'`
   * @throws {UnknownResourceError} at once, for a name that is not configured
   */
  abstract passwordProvider(resource?: string): () => Promise<string>;

  /** Starts according to the option `startup`. Called by Nest. */
  abstract onModuleInit(): Promise<void>;

  /** Stops every timer and wait. A token that is held is still served until it expires. Called by Nest. */
  abstract onApplicationShutdown(): Promise<void>;
}
