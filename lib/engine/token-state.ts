import type { CredentialState } from '../entra/credential-state.js';

/**
 * Where a resource's token stands.
 *
 * - `pending`: none has been obtained yet
 * - `fresh`: a valid one is held and no refresh is due
 * - `due`: a valid one is held, and a new one is being fetched or about to be
 * - `degraded`: a valid one is held and served, but the last attempt to replace it failed, a server rejected it, or the
 *   credential says that it is degraded
 * - `reauthentication-required`: a valid one is held and served, but there will be no other until somebody signs in again
 * - `expired`: the one that was held has expired
 */
export type TokenStateName =
  'pending' | 'fresh' | 'due' | 'degraded' | 'reauthentication-required' | 'expired';

/** What may be shown of a resource's token: times and counts, never the token. */
export interface TokenState {
  /** Name of the resource, or the scopes of a token that was asked for by scopes. */
  resource: string;
  /** Whether the resource was configured; tokens asked for by scopes come and go. */
  configured: boolean;
  state: TokenStateName;
  /** When the held token was obtained. */
  acquiredAt?: Date;
  /** When the held token expires. */
  expiresAt?: Date;
  /** When the next attempt to get a token is planned. */
  nextRefreshAt?: Date;
  /** How many tokens have been obtained. */
  refreshes: number;
  /** How many attempts have failed. */
  failures: number;
  /** How many attempts have failed since the last success. */
  consecutiveFailures: number;
  /** Why the last attempt failed; absent after a success. Free of secrets. */
  lastError?: string;
  /**
   * By how much this machine's clock is ahead of the issuer's, in milliseconds, as the held token shows; negative when it is
   * behind. Absent below a minute, and when nothing shows it.
   */
  clockAheadInMs?: number;
  /** Where the credential says that it stands; absent for credentials that say nothing. */
  credential?: CredentialState;
}
