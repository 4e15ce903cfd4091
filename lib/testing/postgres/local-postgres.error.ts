/**
 * - `platform-not-supported`: there is no local PostgreSQL for this operating system yet
 * - `binaries-not-found`: the packages with PostgreSQL's programs are not installed
 * - `binaries-unusable`: the programs are there but do not start
 * - `directory-not-usable`: no temporary directory fits
 * - `option-not-valid`: the message names the option
 * - `start-failed`: PostgreSQL refused to start; the message quotes its log
 */
export type LocalPostgresErrorCode =
  | 'platform-not-supported'
  | 'binaries-not-found'
  | 'binaries-unusable'
  | 'directory-not-usable'
  | 'option-not-valid'
  | 'start-failed';

/** The local PostgreSQL could not be started; `code` tells why and the message what to do. */
export class LocalPostgresError extends Error {
  override readonly name = 'LocalPostgresError';

  constructor(
    readonly code: LocalPostgresErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}
