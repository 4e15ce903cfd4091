import { type EntraAuthErrorCode, isEntraAuthError } from '../common/entra-auth.error.js';

/** How the program ends. Scripts tell by it what to do next. */
export const exitCodes = {
  ok: 0,
  /** An unexpected failure. */
  failure: 1,
  /** The command line or the environment is wrong, or the server refuses the tenant or the scope. */
  usage: 2,
  /** A person has to sign in again, and put the new refresh token where it belongs. */
  reauthenticationRequired: 3,
  /** The application's id, secret, certificate or permission is wrong. */
  invalidClient: 4,
  /** The token endpoint cannot be reached or is unwell: the same command may succeed later. */
  tryAgain: 5,
  /** The store cannot be read or written. */
  store: 6,
} as const;

/** Ends the program with a code, when everything has been printed. */
export class ExitCode extends Error {
  override readonly name = 'ExitCode';

  constructor(readonly exitCode: number) {
    super(`The program ends with ${exitCode}.`);
  }
}

const byErrorCode: Partial<Record<EntraAuthErrorCode, number>> = {
  ENTRA_OPTIONS_INVALID: exitCodes.usage,
  ENTRA_REFRESH_TOKEN_EXPIRED: exitCodes.reauthenticationRequired,
  ENTRA_REAUTHENTICATION_REQUIRED: exitCodes.reauthenticationRequired,
  ENTRA_INVALID_CLIENT: exitCodes.invalidClient,
  ENTRA_REFRESH_TOKEN_STORE: exitCodes.store,
  ENTRA_REFRESH_TOKEN_CONFLICT: exitCodes.store,
  ENTRA_REFRESH_TOKEN_UNREADABLE: exitCodes.store,
};

export function exitCodeOf(error: unknown): number {
  if (!isEntraAuthError(error)) return exitCodes.failure;
  if (error.code === 'ENTRA_TOKEN_REQUEST_FAILED' && !error.retryable) return exitCodes.usage;
  return byErrorCode[error.code] ?? (error.retryable ? exitCodes.tryAgain : exitCodes.failure);
}

/** The exit codes as the help shows them. */
export const exitCodesHelp = `
Exit codes:
  0  done
  1  an unexpected failure
  2  the command line or the environment is wrong, such as the tenant or the scope, or a value is missing
  3  a person has to sign in again; put the new refresh token into the store
  4  the application's id, secret, certificate or permission is wrong
  5  the token endpoint cannot be reached or is unwell; try again later
  6  the store cannot be read or written`;
