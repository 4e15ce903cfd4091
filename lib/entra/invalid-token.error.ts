import { EntraAuthError } from '../common/entra-auth.error.js';

/** What is wrong with a token that a credential returned. */
export type InvalidTokenReason =
  | 'missing'
  | 'malformed'
  | 'expired'
  | 'not-yet-valid'
  | 'wrong-audience'
  | 'wrong-tenant'
  | 'wrong-user'
  | 'unchanged';

/** A credential returned a token that the resource cannot use. It was not used. */
export class InvalidTokenError extends EntraAuthError {
  override readonly name = 'InvalidTokenError';
  /** What is wrong with the token. */
  readonly reason: InvalidTokenReason;

  constructor(reason: InvalidTokenReason, problem: string, fix: string) {
    super('ENTRA_TOKEN_INVALID', {
      problem,
      fix,
      retryable: reason !== 'wrong-audience' && reason !== 'wrong-tenant',
    });
    this.reason = reason;
  }
}

/** The longest access token that is accepted, in characters. PostgreSQL takes 65,530 bytes at a login. */
export const longestTokenLength = 64 * 1024;

/** @throws {InvalidTokenError} for a token above the limit */
export function checkTokenLength(token: string): void {
  if (token.length <= longestTokenLength) return;
  throw new InvalidTokenError(
    'malformed',
    `The token endpoint returned a token of ${token.length} characters; the limit is ${longestTokenLength}.`,
    'Check what responds at the token endpoint, and whether the identity is in thousands of groups.',
  );
}
