import { EntraAuthError } from '../common/entra-auth.error.js';
import { errorCodes } from '../common/error-codes.js';
import { bearerChallenge, type SignInPlace } from './challenge.js';

/**
 * Why a caller's token cannot be exchanged.
 *
 * - `missing`, `too-long`, `malformed`, `no-expiry`: not a readable JWT that ends
 * - `id-token`, `app-token`: not an access token of a user
 * - `wrong-audience`, `wrong-tenant`: for another application, or of another tenant
 * - `expired`: past its end by this machine's clock
 * - `refused`: Entra does not accept it
 */
export type InvalidAssertionReason =
  | 'missing'
  | 'too-long'
  | 'malformed'
  | 'no-expiry'
  | 'id-token'
  | 'app-token'
  | 'wrong-audience'
  | 'wrong-tenant'
  | 'expired'
  | 'refused';

/** The token of a caller cannot be exchanged. Unless `reason` is `refused`, nothing was sent. */
export class InvalidAssertionError extends EntraAuthError {
  override readonly name = 'InvalidAssertionError';
  /** What is wrong with the token. */
  readonly reason: InvalidAssertionReason;
  /** The number of the `AADSTS…` code, when Entra refused it. */
  readonly aadsts: number | undefined;
  /** `error` of the challenge. */
  readonly challenge = 'invalid_token';
  /** Value of the header `WWW-Authenticate` for the response to the caller, whose status is 401. */
  readonly wwwAuthenticate: string;

  constructor(
    reason: InvalidAssertionReason,
    problem: string,
    { place, aadsts, cause }: { place: SignInPlace; aadsts?: number | undefined; cause?: unknown },
  ) {
    super('ENTRA_ASSERTION_INVALID', { problem, fix: errorCodes.ENTRA_ASSERTION_INVALID.remedy, cause });
    this.reason = reason;
    this.aadsts = aadsts;
    this.wwwAuthenticate = bearerChallenge(place, this.challenge);
  }
}

export interface InteractionDetails {
  place: SignInPlace;
  aadsts: number | undefined;
  claims: string | undefined;
  /** `error` of Entra's response. */
  oauthError: string | undefined;
  cause?: unknown;
}

/** Entra grants no token for a user until that user has done something: sign in, prove more, consent. */
export class UserInteractionRequiredError extends EntraAuthError {
  override readonly name = 'UserInteractionRequiredError';
  /** Name of the resource, or the scopes. */
  readonly resource: string;
  /** The number of the `AADSTS…` code, such as 50076 for multi-factor authentication and 65001 for consent. */
  readonly aadsts: number | undefined;
  /** What the next sign-in must ask for, as JSON, where a policy wants more. */
  readonly claims: string | undefined;
  /** `error` of the challenge. With claims `insufficient_claims`, by which MSAL and the SDKs know a claims challenge. */
  readonly challenge: 'insufficient_claims' | 'consent_required' | 'interaction_required';
  /** Value of the header `WWW-Authenticate` for the response to the caller, whose status is 401. */
  readonly wwwAuthenticate: string;

  // A member called `error` would make the Graph SDK throw this away for an error without a message.
  constructor(resource: string, problem: string, details: InteractionDetails) {
    const { place, aadsts, claims, oauthError, cause } = details;
    super('ENTRA_USER_INTERACTION_REQUIRED', {
      problem,
      fix: errorCodes.ENTRA_USER_INTERACTION_REQUIRED.remedy,
      cause,
    });
    this.resource = resource;
    this.aadsts = aadsts;
    this.claims = claims;
    const plain = oauthError === 'consent_required' ? oauthError : 'interaction_required';
    this.challenge = claims === undefined ? plain : 'insufficient_claims';
    this.wwwAuthenticate = bearerChallenge(place, this.challenge, claims);
  }
}

export type UserChallenge = InvalidAssertionError | UserInteractionRequiredError;
