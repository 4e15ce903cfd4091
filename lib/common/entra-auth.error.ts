/** Says what went wrong, for code that must tell cases apart. */
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
  | 'ENTRA_REFRESH_TOKEN_UNREADABLE';

export interface EntraAuthErrorDetails {
  /** What was wrong. */
  problem: string;
  /** What to do about it. */
  fix: string;
  /** Whether the same call may succeed later without anybody changing anything. Default: `false`. */
  retryable?: boolean;
  /** The error underneath, already free of secrets. */
  cause?: unknown;
}

// A registered symbol, so that errors of a second copy of the package are recognised too.
const brand = Symbol.for('nestjs-entra-auth.error');

/**
 * The base of every error that this package raises on purpose. Its message says what was wrong and what to do;
 * it never contains a token or a secret.
 */
export class EntraAuthError extends Error {
  override readonly name: string = 'EntraAuthError';
  readonly code: EntraAuthErrorCode;
  /** Whether the same call may succeed later without anybody changing anything. */
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
