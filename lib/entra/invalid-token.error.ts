import { EntraAuthError } from '../common/entra-auth.error.js';

/** What is wrong with a token that a credential returned. */
export type InvalidTokenReason =
  'missing' | 'malformed' | 'expired' | 'not-yet-valid' | 'wrong-audience' | 'wrong-tenant' | 'unchanged';

/** A credential returned something that cannot serve as an access token of the resource. It was not used. */
export class InvalidTokenError extends EntraAuthError {
  override readonly name = 'InvalidTokenError';
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
