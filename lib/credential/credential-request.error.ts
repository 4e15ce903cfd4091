import { isError } from '../common/thrown.js';

/** An error of a credential together with what its requests met on the wire. Stays inside this package. */
export class CredentialRequestError extends Error {
  override readonly name = 'CredentialRequestError';

  constructor(
    cause: unknown,
    /** HTTP status of the last response, when there was one. */
    readonly statusCode: number | undefined,
    /** `Retry-After` of the last response, as it came. */
    readonly retryAfter: string | undefined,
    /** Why the last request got no response, when it got none. */
    readonly networkError: unknown,
    /** The beginning of the last response's body, when it refused. */
    readonly answer?: string,
  ) {
    super(isError(cause) ? cause.message : 'The credential failed.', { cause });
  }
}
