import { EntraAuthError } from '../common/entra-auth.error.js';

/** What is known of the credentials that were tried. */
export interface UnavailableCredentialDetails {
  /** Whether one of them may give a token later without a change to this machine. Default: `false`. */
  retryable?: boolean;
  /** HTTP status of an answer. */
  statusCode?: number;
  /** How long a server wants to be left alone, in milliseconds. */
  retryAfterInMs?: number;
}

/** No credential could be made to ask for tokens, or none of the default chain gave one. */
export class CredentialUnavailableError extends EntraAuthError {
  override readonly name = 'CredentialUnavailableError';
  /** HTTP status of an answer; `undefined` when there was none. */
  readonly statusCode: number | undefined;
  /** How long a server wants to be left alone, in milliseconds. */
  readonly retryAfterInMs: number | undefined;

  constructor(problem: string, fix: string, cause?: unknown, details: UnavailableCredentialDetails = {}) {
    const { retryable = false, statusCode, retryAfterInMs } = details;
    super('ENTRA_CREDENTIAL_UNAVAILABLE', { problem, fix, cause, retryable });
    this.statusCode = statusCode;
    this.retryAfterInMs = retryAfterInMs;
  }
}
