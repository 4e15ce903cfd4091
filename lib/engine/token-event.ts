import type { EntraAuthError } from '../common/entra-auth.error.js';

interface TokenEventBase {
  /** Name of the resource, or the scopes of a token that was asked for by scopes. */
  resource: string;
  /** When it happened. */
  at: Date;
}

/** The first token of a resource was obtained, or a new one replaced it. */
export interface TokenObtainedEvent extends TokenEventBase {
  type: 'acquired' | 'refreshed';
  /** When the new token expires. */
  expiresAt: Date;
  /** When the next attempt is planned. */
  nextRefreshAt: Date;
  /** How long the attempt took, in milliseconds; absent for a token that came after its attempt was given up. */
  durationInMs?: number;
}

/** The credential returned the held token again, which is a fault only in its last five minutes or its last tenth. */
export interface TokenUnchangedEvent extends TokenEventBase {
  type: 'unchanged';
  /** When the held token expires. */
  expiresAt: Date;
  /** When the next attempt is planned. */
  nextRefreshAt: Date;
  /** How long the attempt took, in milliseconds; absent for a token that came after its attempt was given up. */
  durationInMs?: number;
}

/** An attempt failed. Callers notice only when no valid token is held. */
export interface TokenRefreshFailedEvent extends TokenEventBase {
  type: 'refresh-failed';
  /** Why. Its message ends with what to do. */
  error: EntraAuthError;
  /** Failures in a row. */
  consecutiveFailures: number;
  /** When the next attempt is planned. */
  nextRefreshAt: Date;
  /** When the held token expires; absent when none is held. */
  expiresAt?: Date;
  /** How long the attempt took, in milliseconds. */
  durationInMs?: number;
}

/**
 * - `expiring`: attempts keep failing and the held token is in its last five minutes, or its last tenth
 * - `expired`: the held token has expired and has not been replaced
 * - `rejected`: a server rejected the held token
 * - `recovered`: attempts succeed again after failures
 */
export interface TokenHeldEvent extends TokenEventBase {
  type: 'expiring' | 'expired' | 'rejected' | 'recovered';
  /** When the held token expires, or expired. */
  expiresAt: Date;
}

/**
 * A person must sign in again before another token can be obtained. Emitted once, after `refresh-failed`; `recovered` follows
 * when attempts succeed again.
 */
export interface ReauthenticationRequiredEvent extends TokenEventBase {
  type: 'reauthentication-required';
  error: EntraAuthError;
  /** Why. */
  problem: string;
  /** What an operator must do. */
  fix: string;
  /** When the held token expires; absent when none is held. */
  expiresAt?: Date;
}

/**
 * A token shows that this machine's clock is wrong by a minute or more. Emitted when that is first seen, and when it has
 * changed. Tokens are served all the same, by the life that they have left.
 */
export interface ClockSkewEvent extends TokenEventBase {
  type: 'clock-skew';
  /** By how much the clock is ahead of the issuer's, in milliseconds; negative when it is behind. */
  clockAheadInMs: number;
}

/**
 * - `credential-degraded`: the credential gave a token, but could not store or read what it must not lose; repeated once
 *   an hour while that lasts
 * - `refresh-token-lost`: the application shuts down with a refresh token that could not be stored
 */
export interface CredentialTroubleEvent extends TokenEventBase {
  type: 'credential-degraded' | 'refresh-token-lost';
  /** What is wrong. */
  problem: string;
  /** What an operator must do. */
  fix: string;
}

/**
 * A server refused a login with a token, on a new connection or on one that is open. The login is tried again; what is open
 * serves until its own token ends.
 */
export interface LoginRefusedEvent extends TokenEventBase {
  type: 'login-refused';
  /** Why. Names the server and the user; its message ends with what to do. */
  error: EntraAuthError;
}

/**
 * The application's own certificate expires within 30 days, or it or the client secret has expired. Repeated once a day
 * while that lasts; a secret is known to have expired by AADSTS7000222 alone.
 */
export interface ClientCredentialExpiryEvent extends TokenEventBase {
  type: 'credential-expiring' | 'credential-expired';
  kind: 'certificate' | 'secret';
  /** When it expires, or expired; absent for a secret. */
  expiresAt?: Date;
  /** What is wrong. */
  problem: string;
  /** What an operator must do. */
  fix: string;
}

/** The trouble that `credential-degraded` reported is over. */
export interface CredentialRecoveredEvent extends TokenEventBase {
  type: 'credential-recovered';
}

/** What happens to the tokens. Free of secrets. */
export type TokenEvent =
  | TokenObtainedEvent
  | TokenUnchangedEvent
  | TokenRefreshFailedEvent
  | ReauthenticationRequiredEvent
  | CredentialTroubleEvent
  | CredentialRecoveredEvent
  | ClientCredentialExpiryEvent
  | TokenHeldEvent
  | LoginRefusedEvent
  | ClockSkewEvent;
