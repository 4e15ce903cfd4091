import { EntraAuthError } from '../common/entra-auth.error.js';

/** Somebody else stored a refresh token since the one that this one follows on was read. Nothing was changed. */
export class RefreshTokenConflictError extends EntraAuthError {
  override readonly name = 'RefreshTokenConflictError';

  constructor(store: string) {
    super('ENTRA_REFRESH_TOKEN_CONFLICT', {
      problem: `What ${store} holds was changed by somebody else in the meantime.`,
      fix: 'Load it again, and redeem and save within `exclusive`.',
      retryable: true,
    });
  }
}
