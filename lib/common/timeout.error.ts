import { EntraAuthError } from './entra-auth.error.js';

/** A wait reached its deadline. */
export class EntraTimeoutError extends EntraAuthError {
  override readonly name = 'EntraTimeoutError';

  /** @param cause the last failure before the deadline, when there was one */
  constructor(what: string, timeoutInMs: number, fix: string, cause?: unknown) {
    super('ENTRA_TIMEOUT', {
      problem: `${what} took longer than ${timeoutInMs} ms.`,
      fix,
      retryable: true,
      cause,
    });
  }
}
