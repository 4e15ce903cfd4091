import type { Timestamp } from '../common/clock.js';
import { clientCredentialState, type ClientCredentialState } from '../entra/client-credential.js';
import type { CredentialState } from '../entra/credential-state.js';
import { clockSkewToleranceInMs } from '../entra/token-end.js';
import { isDue, unexpired } from './entry-state.js';
import type { TokenEntry } from './token-entry.js';

/**
 * Where a resource's token stands.
 *
 * - `pending`: none has been obtained yet
 * - `fresh`: a valid one is held and no refresh is due
 * - `due`: a valid one is held, and a new one is being fetched or about to be
 * - `degraded`: a valid one is held and served, but the last attempt to replace it failed, a server rejected it, or the
 *   credential reports that it is degraded
 * - `reauthentication-required`: a valid one is held and served; another can be obtained only after a new sign-in
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
  /** Where the token stands. */
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
  /** State that the credential reports; absent for credentials that report none. */
  credential?: CredentialState;
  /** How many refresh tokens the credential has redeemed; absent for credentials that redeem none. */
  redemptions?: number;
  /** The application's own certificate or secret; absent while nothing is known of its end. */
  clientCredential?: ClientCredentialState;
  /** What a person must do; absent when nothing is wrong. */
  remedy?: string;
}

/** Where the token of an entry stands. */
export function tokenStateOf(entry: TokenEntry, now: Timestamp): TokenState {
  const { held, nextAttemptAt, refreshes, failures, trouble } = entry.state;
  const credential = entry.resource.credential.state();
  const clockAheadInMs = held?.clockAheadInMs ?? 0;
  const { redemptions } = entry.resource.credential;
  const clientCredential = clientCredentialOf(entry, now);
  const remedy = trouble.lastError?.fix ?? credential?.fix ?? clientCredential?.fix;
  return {
    resource: entry.name,
    configured: !entry.onDemand,
    state: stateName(entry, credential, now),
    ...(held && { acquiredAt: new Date(held.acquiredAt), expiresAt: new Date(held.expiresOnTimestamp) }),
    ...(Number.isFinite(nextAttemptAt) && { nextRefreshAt: new Date(nextAttemptAt) }),
    ...(Math.abs(clockAheadInMs) >= clockSkewToleranceInMs && { clockAheadInMs }),
    refreshes,
    failures,
    consecutiveFailures: trouble.consecutiveFailures,
    ...(trouble.lastError && { lastError: trouble.lastError.message }),
    ...(credential && { credential }),
    ...(redemptions !== undefined && { redemptions }),
    ...(clientCredential && { clientCredential }),
    ...(remedy !== undefined && { remedy }),
  };
}

/** What is known of the application's own certificate or secret, from the credential and from the last failure. */
export function clientCredentialOf(
  { resource, state }: TokenEntry,
  now: Timestamp,
): ClientCredentialState | undefined {
  const { lastError } = state.trouble;
  return clientCredentialState(resource.credential.certificateExpiresAt(), lastError?.aadsts, now);
}

function stateName(
  { state }: TokenEntry,
  credential: CredentialState | undefined,
  now: Timestamp,
): TokenStateName {
  if (state.held === undefined) return 'pending';
  if (unexpired(state, now) === undefined) return 'expired';
  if (credential?.name === 'reauthentication-required') return credential.name;
  const isDegraded = state.trouble.consecutiveFailures > 0 || state.isRejected;
  if (isDegraded || credential?.name === 'degraded') return 'degraded';
  return isDue(state, now) ? 'due' : 'fresh';
}
