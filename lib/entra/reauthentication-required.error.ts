import { EntraAuthError } from '../common/entra-auth.error.js';

/** Somebody must sign in again or consent: the refresh token was revoked, or more than it is asked for. */
export class ReauthenticationRequiredError extends EntraAuthError {
  override readonly name = 'ReauthenticationRequiredError';
  /** The number of the `AADSTS…` code, when the server gave one. */
  readonly aadsts: number | undefined;
  /** `error` of the response, when there was one. */
  readonly error: string | undefined;

  constructor(
    problem: string,
    fix: string,
    details: { cause?: unknown; aadsts?: number; error?: string } = {},
  ) {
    super('ENTRA_REAUTHENTICATION_REQUIRED', { problem, fix, cause: details.cause });
    this.aadsts = details.aadsts;
    this.error = details.error;
  }
}
