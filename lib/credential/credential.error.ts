import { isError } from '../common/thrown.js';
import { TokenEndpointError, type FailedTokenRequest } from '../entra/token-endpoint.error.js';

/** What is known of the credentials that were tried. */
export type UnavailableCredentialDetails = Partial<
  Pick<FailedTokenRequest, 'retryable' | 'statusCode' | 'retryAfterInMs'>
>;

/** No credential could be made, or no credential of the default chain gave a token. */
export class CredentialUnavailableError extends TokenEndpointError {
  override readonly name = 'CredentialUnavailableError';

  constructor(problem: string, fix: string, cause?: unknown, details: UnavailableCredentialDetails = {}) {
    super('ENTRA_CREDENTIAL_UNAVAILABLE', problem, fix, { ...details, cause });
  }
}

/** An error of a credential, with what its requests met on the wire. Internal: callers never see it. */
export class CredentialRequestError extends Error {
  override readonly name = 'CredentialRequestError';

  constructor(
    cause: unknown,
    /** HTTP status of the last response, when there was one. */
    readonly statusCode: number | undefined,
    /** `Retry-After` of the last response, as received. */
    readonly retryAfter: string | undefined,
    /** Why the last request got no response. */
    readonly networkError: unknown,
    /** The beginning of the last response's body, if it was an error response. */
    readonly errorBody?: string,
  ) {
    super(isError(cause) ? cause.message : 'The credential failed.', { cause });
  }
}
