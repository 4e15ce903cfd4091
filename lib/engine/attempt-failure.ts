import { redactError } from '../common/redaction.js';
import { classifyCredentialFailure, type CredentialFailure } from '../credential/credential-failure.js';
import type { HeldAccessToken } from '../entra/held-access-token.js';
import { InvalidTokenError } from '../entra/invalid-token.error.js';
import { TokenUnavailableError } from './token-unavailable.error.js';
import type { Occasion } from './transition-events.js';

export interface AttemptFailure {
  readonly failure: CredentialFailure;
  /** The error for callers. */
  readonly unavailable: TokenUnavailableError;
}

/** Classifies what an attempt threw, and makes the error for callers. */
export function explain(error: unknown, { resource, now }: Occasion): AttemptFailure {
  const failure = classifyCredentialFailure(error, now);
  const unavailable = new TokenUnavailableError(resource, { ...failure, cause: redactError(error) });
  return { failure, unavailable };
}

/** The credential had no other token, although the held one is about to expire. */
export function unchanged(): InvalidTokenError {
  const problem = 'The credential keeps returning the token that is about to expire.';
  const fix = 'Check the cache of the credential; the request is repeated.';
  return new InvalidTokenError('unchanged', problem, fix);
}

/** The credential returned a token that ends before the next one could come. */
export function endsAtOnce({ acquiredAt, expiresOnTimestamp }: HeldAccessToken): InvalidTokenError {
  const lifeInMs = Math.max(1, Math.round(expiresOnTimestamp - acquiredAt));
  const problem = `The credential returned a token that ends ${lifeInMs} ms after its receipt.`;
  const fix = "Check the times that the token endpoint sends, and this machine's clock.";
  return new InvalidTokenError('expired', problem, fix);
}
