import type { AbortSignalLike } from '../common/deadline.js';

export type { AbortSignalLike } from '../common/deadline.js';

/**
 * Obtains access tokens.
 *
 * The shapes are those of `@azure/core-auth`, repeated here so that an application without an Azure SDK compiles. Every credential of `@azure/identity` satisfies {@link TokenCredential}.
 *
 * @see https://learn.microsoft.com/javascript/api/@azure/core-auth/tokencredential
 */
export interface TokenCredential {
  /** Obtains an access token for these scopes; `null` when the credential has none. */
  getToken(scopes: string | string[], options?: GetTokenOptions): Promise<AccessToken | null>;
}

/** An access token with its times, which are in milliseconds since the Unix epoch. */
export interface AccessToken {
  /** The token itself. A secret: never log it. */
  token: string;
  /** When the token expires. */
  expiresOnTimestamp: number;
  /** When the issuer wants the token to be refreshed, if it sent a time. */
  refreshAfterTimestamp?: number;
  /** How the token is presented, by default as a bearer token. */
  tokenType?: 'Bearer' | 'pop';
}

/** Options of one `getToken` call. */
export interface GetTokenOptions {
  /** Ends the caller's wait. A request shared with other callers goes on for them. */
  abortSignal?: AbortSignalLike;
  /**
   * `timeout`: milliseconds that a credential may spend on one HTTP request. `EntraTokenService` has deadlines of its
   * own and does not pass it on: one request serves many callers.
   */
  requestOptions?: { timeout?: number };
  /** The caller's trace. Not passed on by `EntraTokenService`, for the same reason. */
  tracingOptions?: object;
  /** The claims of a challenge. They bypass the held token, and the new token replaces it. */
  claims?: string;
  /**
   * Declares that the caller handles claims challenges of Continuous Access Evaluation. `EntraTokenService` requests such
   * tokens if the resource is configured so, whatever its callers pass: they share one token.
   */
  enableCae?: boolean;
  /** The tenant of the token. The tenant of the held token, and the credential's own, select no other token. */
  tenantId?: string;
}

/** Makes a new credential. Called again when the cache of the current one keeps returning the same token. */
export type TokenCredentialFactory = () => TokenCredential | Promise<TokenCredential>;

export function isTokenCredential(value: unknown): value is TokenCredential {
  return (
    typeof value === 'object' && value !== null && 'getToken' in value && typeof value.getToken === 'function'
  );
}

/** A credential without a cache: each token comes from the endpoint, so no other way of asking yields a newer one. */
export interface UncachedCredential {
  readonly isUncached: boolean;
}

export function isUncached(credential: unknown): boolean {
  return (
    typeof credential === 'object' &&
    credential !== null &&
    'isUncached' in credential &&
    credential.isUncached === true
  );
}
