import type { EntraAuthError, EntraAuthErrorCode } from '../common/entra-auth.error.js';

interface UserTokenEventBase {
  /** When it happened. */
  at: Date;
}

interface UserRequestEvent extends UserTokenEventBase {
  /** Name of the resource, or the scopes of a token that was asked for by scopes. */
  resource: string;
  /** What the token was asked for with. */
  grant: UserGrantKind;
  /**
   * Whose token: of a stored sign-in the key that the application chose, of a caller the SHA-256 of the token that the caller
   * sent, in base64url.
   */
  userKey: string;
  /** When the held token expires, which serves on; absent when none is held. */
  expiresAt?: Date;
}

/** What a user's token is obtained with: the token that a caller sent, or a stored refresh token. */
export type UserGrantKind = 'on-behalf-of' | 'sign-in';

/** A request gave no token, for a reason that is not up to the user: an outage, a secret, a store. */
export interface UserTokenFailedEvent extends UserRequestEvent {
  type: 'user-token-failed';
  /** Why. Its message ends with what to do. */
  error: EntraAuthError;
}

/**
 * Entra answers for one user alone, whatever it says of that person left out:
 *
 * - `user-interaction-required`: the user must sign in again, prove more or consent
 * - `user-assertion-refused`: Entra does not accept the token that a caller sent, which validation should have refused before
 */
export interface UserRefusedEvent extends UserRequestEvent {
  type: 'user-interaction-required' | 'user-assertion-refused';
  /** Code of the error that the caller gets. */
  code: EntraAuthErrorCode;
  /** `error` of the challenge that goes to the caller. */
  challenge: string;
  /** The number of the `AADSTS…` code, when Entra gave one. */
  aadsts?: number;
}

/** A request succeeded after others had failed. */
export interface UserTokensRecoveredEvent extends UserTokenEventBase {
  type: 'user-tokens-recovered';
  /** Requests that had failed, for reasons that were not up to a user. */
  failures: number;
}

/**
 * - `user-refresh-token-unsaved`: a new refresh token could not be stored. It waits in memory and is stored later
 * - `user-refresh-token-lost`: the application shuts down with it
 */
export interface UserRefreshTokenEvent extends UserTokenEventBase {
  type: 'user-refresh-token-unsaved' | 'user-refresh-token-lost';
  /** The key of the sign-in. */
  userKey: string;
  /** The failure of the store. */
  error: EntraAuthError;
}

/** What goes wrong with the tokens of users, and when it is over. Free of secrets, and of what Entra says of a person. */
export type UserTokenEvent =
  UserTokenFailedEvent | UserRefusedEvent | UserTokensRecoveredEvent | UserRefreshTokenEvent;
