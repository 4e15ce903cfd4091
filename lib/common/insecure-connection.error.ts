import { EntraAuthError } from './entra-auth.error.js';

/** A token was about to go to a server that is not verified to be the configured one. It was not sent. */
export class InsecureConnectionError extends EntraAuthError {
  override readonly name = 'InsecureConnectionError';

  constructor(problem: string, fix: string, cause?: unknown) {
    super('ENTRA_INSECURE_CONNECTION', { problem, fix, cause });
  }
}
