import { EntraAuthError } from './entra-auth.error.js';

/** No credential could be made to ask for tokens. */
export class CredentialUnavailableError extends EntraAuthError {
  override readonly name = 'CredentialUnavailableError';

  constructor(problem: string, fix: string, cause?: unknown) {
    super('ENTRA_CREDENTIAL_UNAVAILABLE', { problem, fix, cause });
  }
}
