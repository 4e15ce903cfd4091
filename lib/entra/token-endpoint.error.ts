import { EntraAuthError, type EntraAuthErrorCode } from '../common/entra-auth.error.js';
import { resourceCodes } from './aadsts.js';

/** What is known of a failed request for a token. */
export interface FailedTokenRequest {
  cause?: unknown;
  /** Whether a later attempt can succeed without a repair. */
  retryable: boolean;
  /** HTTP status of the response, when there was one. */
  statusCode?: number;
  /** `error` of the response. */
  error?: string;
  /** The number of the `AADSTS…` code, when the server gave one. */
  aadsts?: number;
  /** How long the server asks not to be called, in milliseconds. */
  retryAfterInMs?: number;
  /** What the next sign-in must ask for, as JSON, when the server named it. */
  claims?: string;
}

/** The base of the errors about a request for a token. */
export abstract class TokenEndpointError extends EntraAuthError {
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
  /** How long the server asks not to be called, in milliseconds. */
  readonly retryAfterInMs: number | undefined;

  protected constructor(
    code: EntraAuthErrorCode,
    problem: string,
    fix: string,
    { cause, retryable, statusCode, error, aadsts, retryAfterInMs }: Partial<FailedTokenRequest>,
  ) {
    super(code, { problem, fix, cause, retryable });
    this.statusCode = statusCode;
    this.error = error;
    this.aadsts = aadsts;
    this.retryAfterInMs = retryAfterInMs;
  }
}

/** The application could not authenticate or may not use this grant: its secret, certificate or id is wrong. */
export class InvalidClientError extends TokenEndpointError {
  override readonly name = 'InvalidClientError';

  constructor(problem: string, fix: string, details: Partial<FailedTokenRequest> = {}) {
    super('ENTRA_INVALID_CLIENT', problem, fix, details);
  }
}

/** The user must sign in again or consent: the refresh token was revoked, or does not cover the requested resource. */
export class ReauthenticationRequiredError extends TokenEndpointError {
  override readonly name = 'ReauthenticationRequiredError';
  /**
   * What the next sign-in must ask for, as JSON: the `claims` of an authorization request. Set where a policy wants more.
   *
   * @see https://learn.microsoft.com/entra/identity-platform/claims-challenge
   */
  readonly claims: string | undefined;

  constructor(problem: string, fix: string, details: Partial<FailedTokenRequest> = {}) {
    super('ENTRA_REAUTHENTICATION_REQUIRED', problem, fix, details);
    this.claims = details.claims;
  }
}

/** The refresh token is past its lifetime: 90 days without use, or 24 hours for a single-page application. */
export class RefreshTokenExpiredError extends TokenEndpointError {
  override readonly name = 'RefreshTokenExpiredError';

  constructor(problem: string, fix: string, details: Partial<FailedTokenRequest> = {}) {
    super('ENTRA_REFRESH_TOKEN_EXPIRED', problem, fix, details);
  }
}

/** The token endpoint could not be reached, was overloaded, or sent a response that no token endpoint sends. */
export class TokenRequestFailedError extends TokenEndpointError {
  override readonly name = 'TokenRequestFailedError';

  constructor(problem: string, fix: string, request: FailedTokenRequest) {
    super('ENTRA_TOKEN_REQUEST_FAILED', problem, fix, request);
  }
}

/** Whether the refresh token must be replaced by a new sign-in. */
export function needsSignIn(
  error: unknown,
): error is RefreshTokenExpiredError | ReauthenticationRequiredError {
  return error instanceof RefreshTokenExpiredError || error instanceof ReauthenticationRequiredError;
}

const resourceErrors: readonly unknown[] = ['interaction_required', 'consent_required'];

/** Whether an error is about the requested resource, so that the refresh token may still serve other resources. */
export function concernsResource(error: unknown): boolean {
  if (!(error instanceof ReauthenticationRequiredError)) return false;
  return resourceCodes.has(error.aadsts) || resourceErrors.includes(error.error);
}
