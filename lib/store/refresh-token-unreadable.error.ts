import { EntraAuthError } from '../common/entra-auth.error.js';

/** What a store holds is damaged or encrypted with a key that is not at hand. It is never overwritten. */
export class RefreshTokenUnreadableError extends EntraAuthError {
  override readonly name = 'RefreshTokenUnreadableError';

  constructor(problem: string, fix: string, cause?: unknown) {
    super('ENTRA_REFRESH_TOKEN_UNREADABLE', { problem, fix, cause });
  }
}
