import { isEntraAuthError, problemOf } from '../common/entra-auth.error.js';
import { asError } from '../common/thrown.js';
import { TokenUnavailableError } from '../engine/token-unavailable.error.js';
import {
  InvalidClientError,
  needsSignIn,
  ReauthenticationRequiredError,
  TokenRequestFailedError,
} from '../entra/token-endpoint.error.js';
import type { SignInPlace } from './challenge.js';
import { longestPauseInMs } from './tenant-pauses.js';
import { UserInteractionRequiredError } from './user-token.error.js';

const finalCodes: readonly string[] = ['ENTRA_SHUT_DOWN', 'ENTRA_OPTIONS_INVALID', 'ENTRA_TOKEN_UNAVAILABLE'];

/** Turns the failure of a request for a user's token into the error that the caller gets. */
export function requestErrorOf(error: unknown, resource: string, place: SignInPlace): Error {
  if (!isEntraAuthError(error)) return asError(error);
  if (needsSignIn(error)) {
    const { aadsts, error: oauthError } = error;
    const claims = error instanceof ReauthenticationRequiredError ? error.claims : undefined;
    const details = { place, aadsts, claims, oauthError };
    return new UserInteractionRequiredError(resource, problemOf(error), details);
  }
  if (finalCodes.includes(error.code)) return error;
  const known =
    error instanceof TokenRequestFailedError || error instanceof InvalidClientError ? error : undefined;
  return new TokenUnavailableError(resource, {
    problem: problemOf(error),
    fix: error.retryable ? 'Try again: the next call asks anew.' : error.fix,
    retryable: error.retryable,
    cause: error,
    ...(known?.aadsts !== undefined && { aadsts: known.aadsts }),
    ...(known?.statusCode !== undefined && { statusCode: known.statusCode }),
    ...(known?.retryAfterInMs !== undefined && {
      retryAfterInMs: Math.min(known.retryAfterInMs, longestPauseInMs),
    }),
  });
}
