import { errorCodes } from './error-codes.js';

/** Identifies what went wrong, for code that must tell cases apart. */
export type EntraAuthErrorCode =
  | 'ENTRA_OPTIONS_INVALID'
  | 'ENTRA_RESOURCE_UNKNOWN'
  | 'ENTRA_CREDENTIAL_UNAVAILABLE'
  | 'ENTRA_TOKEN_INVALID'
  | 'ENTRA_TOKEN_UNAVAILABLE'
  | 'ENTRA_TIMEOUT'
  | 'ENTRA_SHUT_DOWN'
  | 'ENTRA_INSECURE_CONNECTION'
  | 'ENTRA_LOGIN_REFUSED'
  | 'ENTRA_DATABASE_UNREACHABLE'
  | 'ENTRA_ROLE_NAME_UNKNOWN'
  | 'ENTRA_TOKEN_REQUEST_FAILED'
  | 'ENTRA_REFRESH_TOKEN_EXPIRED'
  | 'ENTRA_REAUTHENTICATION_REQUIRED'
  | 'ENTRA_INVALID_CLIENT'
  | 'ENTRA_REFRESH_TOKEN_STORE'
  | 'ENTRA_REFRESH_TOKEN_CONFLICT'
  | 'ENTRA_REFRESH_TOKEN_UNREADABLE'
  | 'ENTRA_SHARED_CACHE'
  | 'ENTRA_ASSERTION_INVALID'
  | 'ENTRA_USER_INTERACTION_REQUIRED';

export interface EntraAuthErrorDetails {
  /** What was wrong. */
  problem: string;
  /** What to do about it. */
  fix: string;
  /** Whether the same call may succeed later although nothing is changed. Default: `false`. */
  retryable?: boolean;
  /** The error underneath, already free of secrets. */
  cause?: unknown;
}

// A registered symbol, so that errors of a second copy of the package are recognised too.
const brand = Symbol.for('nestjs-entra-auth.error');

/**
 * The base of every error of this package. Its message tells what was wrong and what to do, and never contains a
 * token or a secret.
 */
export class EntraAuthError extends Error {
  override readonly name: string = 'EntraAuthError';
  readonly code: EntraAuthErrorCode;
  /** Whether the same call may succeed later although nothing is changed. */
  readonly retryable: boolean;
  /** What to do about it; also the end of the message. */
  readonly fix: string;

  constructor(code: EntraAuthErrorCode, details: EntraAuthErrorDetails) {
    super(
      `${details.problem} ${details.fix}`,
      details.cause === undefined ? undefined : { cause: details.cause },
    );
    this.code = code;
    this.retryable = details.retryable ?? false;
    this.fix = details.fix;
    Object.defineProperty(this, brand, { value: true });
  }
}

/** The message of an error of this package without what to do about it. */
export function problemOf({ message, fix }: EntraAuthError): string {
  return message.slice(0, -fix.length - 1);
}

/** Tells whether an error is one of this package's, even when two copies of the package are installed. */
export function isEntraAuthError(value: unknown): value is EntraAuthError {
  return typeof value === 'object' && value !== null && brand in value;
}

/** An option is missing or wrong. Raised at start-up, before anything goes over the network. */
export class EntraOptionsError extends EntraAuthError {
  override readonly name = 'EntraOptionsError';
  /** Path of the option, such as `resources.graph.scopes`. */
  readonly option: string;

  /**
   * @param option path of the option
   * @param given what was found there, in words that contain no secret
   * @param fix what to write instead
   */
  constructor(option: string, given: string, fix: string) {
    super('ENTRA_OPTIONS_INVALID', { problem: `Invalid option "${option}": ${given}.`, fix });
    this.option = option;
  }
}

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

/** A token was asked for after the application had shut down, and no valid one is held any more. */
export class EntraShutDownError extends EntraAuthError {
  override readonly name = 'EntraShutDownError';

  constructor() {
    super('ENTRA_SHUT_DOWN', {
      problem: 'The token service shut down with its application.',
      fix: errorCodes.ENTRA_SHUT_DOWN.remedy,
    });
  }
}

/** A token was about to go to a server that is not verified to be the configured one. It was not sent. */
export class InsecureConnectionError extends EntraAuthError {
  override readonly name = 'InsecureConnectionError';

  constructor(problem: string, fix: string, cause?: unknown) {
    super('ENTRA_INSECURE_CONNECTION', { problem, fix, cause });
  }
}
