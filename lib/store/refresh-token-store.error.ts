import { EntraAuthError } from '../common/entra-auth.error.js';

/** A refresh token store could not be read, written or had for oneself. What was stored before is still there. */
export class RefreshTokenStoreError extends EntraAuthError {
  override readonly name: string = 'RefreshTokenStoreError';

  constructor(problem: string, fix: string, details: { cause?: unknown; retryable?: boolean } = {}) {
    super('ENTRA_REFRESH_TOKEN_STORE', { problem, fix, retryable: true, ...details });
  }
}
