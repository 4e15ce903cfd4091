import { EntraAuthError } from '../common/entra-auth.error.js';

/** What is known of a token request that failed. */
export interface FailedTokenRequest {
  cause?: unknown;
  retryable: boolean;
  /** HTTP status of the response, when there was one. */
  statusCode?: number;
  /** `error` of the response. */
  error?: string;
  /** The number of the `AADSTS…` code, when the server gave one. */
  aadsts?: number;
  /** How long the server wants to be left alone, in milliseconds. */
  retryAfterInMs?: number;
}

/** The token endpoint could not be reached, was unwell, or answered what no token endpoint should. */
export class TokenRequestFailedError extends EntraAuthError {
  override readonly name = 'TokenRequestFailedError';
  /** HTTP status of the response; `undefined` when there was none. */
  readonly statusCode: number | undefined;
  /**
   * `error` of the response, such as `invalid_request`.
   *
   * @see https://www.rfc-editor.org/rfc/rfc6749#section-5.2
   */
  readonly error: string | undefined;
  /**
   * The number of the `AADSTS…` code, such as 70000.
   *
   * @see https://learn.microsoft.com/entra/identity-platform/reference-error-codes
   */
  readonly aadsts: number | undefined;
  /** How long the server wants to be left alone, in milliseconds. */
  readonly retryAfterInMs: number | undefined;

  constructor(problem: string, fix: string, request: FailedTokenRequest) {
    super('ENTRA_TOKEN_REQUEST_FAILED', {
      problem,
      fix,
      retryable: request.retryable,
      cause: request.cause,
    });
    this.statusCode = request.statusCode;
    this.error = request.error;
    this.aadsts = request.aadsts;
    this.retryAfterInMs = request.retryAfterInMs;
  }
}
