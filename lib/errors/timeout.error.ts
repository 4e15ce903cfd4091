import { EntraAuthError } from './entra-auth.error.js';

/** A wait reached its deadline. */
export class EntraTimeoutError extends EntraAuthError {
  override readonly name = 'EntraTimeoutError';

  constructor(what: string, timeoutInMs: number, fix: string) {
    super('ENTRA_TIMEOUT', { problem: `${what} took longer than ${timeoutInMs} ms.`, fix, retryable: true });
  }
}
