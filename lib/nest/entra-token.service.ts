import type { OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import type { Observable } from 'rxjs';

import type { EntraAuthError } from '../common/entra-auth.error.js';
import type { TokenEngine } from '../engine/token-engine.js';
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
 * @see https://learn.microsoft.com/javascript/api/@azure/core-auth/tokencredential
 */
export class EntraTokenService implements TokenCredential, OnModuleInit, OnApplicationShutdown {
  readonly #engine: TokenEngine;

  /** @internal made by the module */
  constructor(engine: TokenEngine) {
    this.#engine = engine;
  }

  /** What happens to the tokens, free of secrets. Completes when the application shuts down. */
  get events(): Observable<TokenEvent> {
    return this.#engine.events;
  }

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
  getToken(resourceOrScopes: string | string[], options?: GetTokenOptions): Promise<AccessToken> {
    return this.#engine.getToken(resourceOrScopes, options);
  }

  /**
   * Reports that a server rejected a token. If it is still held, it is replaced in the background: calls wait for the new
   * one, and get the old one if the attempt fails. A token that is not held any more is ignored.
   *
   * @param rejected the token, or what `getToken` returned
   */
  invalidate(rejected: AccessToken | string): void {
    this.#engine.invalidate(rejected);
  }

  /**
   * Reports that a server refused a login: emits `login-refused`, and leaves the token alone. The clients of
   * `nestjs-entra-auth/redis` call it.
   *
   * @param resource name of a configured resource
   * @param error free of secrets
   * @throws {UnknownResourceError} for a name that is not configured
   */
  reportRefusedLogin(resource: string, error: EntraAuthError): void {
    this.#engine.reportRefusedLogin(resource, error);
  }

  /**
   * Replaces the token of a resource now, for example after a role was granted. One request serves all who ask at the same
   * time. Managed identity may return the token that is held already. A token that ends sooner is taken, unless it leaves
   * less than half of the held one's time; refreshes in the background keep the one that ends later.
   *
   * @param resource name of a configured resource
   * @throws {UnknownResourceError} for a name that is not configured
   * @throws {TokenUnavailableError} when the attempt fails; the held token stays in use
   */
  refresh(resource: string): Promise<AccessToken> {
    return this.#engine.refresh(resource);
  }

  /**
   * Where the tokens stand. Free of secrets.
   *
   * @param resource name of a configured resource. Default: all, tokens that were asked for by scopes included
   * @throws {UnknownResourceError} for a name that is not configured
   */
  state(resource?: string): TokenState[] {
    return this.#engine.state(resource);
  }

  /**
   * A function that returns the current token as a string, for drivers that ask for the password on each new
   * connection: `pg.Pool` and what is built on it. Others need a few lines more; `docs/drivers.md` has them.
   *
   * @param resource name of a configured resource. Default: `'postgres'`
   * @throws {UnknownResourceError} at once, for a name that is not configured
   */
  passwordProvider(resource?: string): () => Promise<string> {
    return this.#engine.passwordProvider(resource);
  }

  /** Starts according to the option `startup`. Called by Nest. */
  onModuleInit(): Promise<void> {
    return this.#engine.start();
  }

  /** Stops every timer and wait. A token that is held is still served until it expires. Called by Nest. */
  onApplicationShutdown(): Promise<void> {
    return this.#engine.stop();
  }
}
