import { EntraAuthError } from './entra-auth.error.js';

/** A token was asked for after the application had shut down, and no valid one is held any more. */
export class EntraShutDownError extends EntraAuthError {
  override readonly name = 'EntraShutDownError';

  constructor() {
    super('ENTRA_SHUT_DOWN', {
      problem: 'The token service shut down with its application.',
      fix: 'Finish work that needs tokens before the application closes.',
    });
  }
}
