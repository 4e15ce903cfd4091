import { EntraAuthError } from '../common/entra-auth.error.js';

/** The application could not prove who it is, or may not use this grant: its secret, certificate or id is wrong. */
export class InvalidClientError extends EntraAuthError {
  override readonly name = 'InvalidClientError';
  /** The number of the `AADSTS…` code, when the server gave one. */
  readonly aadsts: number | undefined;

  constructor(problem: string, fix: string, details: { cause?: unknown; aadsts?: number } = {}) {
    super('ENTRA_INVALID_CLIENT', { problem, fix, cause: details.cause });
    this.aadsts = details.aadsts;
  }
}
