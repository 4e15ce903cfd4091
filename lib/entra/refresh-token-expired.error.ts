import { EntraAuthError } from '../common/entra-auth.error.js';

/** The refresh token is past its life: 90 days without use, or 24 hours for a single-page application's. */
export class RefreshTokenExpiredError extends EntraAuthError {
  override readonly name = 'RefreshTokenExpiredError';
  /** The number of the `AADSTS…` code, when the server gave one. */
  readonly aadsts: number | undefined;

  constructor(problem: string, fix: string, details: { cause?: unknown; aadsts?: number } = {}) {
    super('ENTRA_REFRESH_TOKEN_EXPIRED', { problem, fix, cause: details.cause });
    this.aadsts = details.aadsts;
  }
}
