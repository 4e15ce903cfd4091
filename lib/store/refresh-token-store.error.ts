import { EntraAuthError, isEntraAuthError } from '../common/entra-auth.error.js';

/** A refresh token store could not be read, written or locked. What was stored before is unchanged. */
export class RefreshTokenStoreError extends EntraAuthError {
  override readonly name: string = 'RefreshTokenStoreError';

  constructor(problem: string, fix: string, details: { cause?: unknown; retryable?: boolean } = {}) {
    super('ENTRA_REFRESH_TOKEN_STORE', { problem, fix, retryable: true, ...details });
  }
}

/** The stored refresh token was changed after the version that a `save` follows on was read. Nothing was saved. */
export class RefreshTokenConflictError extends EntraAuthError {
  override readonly name = 'RefreshTokenConflictError';

  constructor(store: string) {
    super('ENTRA_REFRESH_TOKEN_CONFLICT', {
      problem: `The refresh token in ${store} was changed by another process.`,
      fix: 'Load it again, and redeem and save within `exclusive`.',
      retryable: true,
    });
  }
}

/** What a store holds is damaged, or encrypted with a missing key. It is never overwritten. */
export class RefreshTokenUnreadableError extends EntraAuthError {
  override readonly name = 'RefreshTokenUnreadableError';

  constructor(problem: string, fix: string, cause?: unknown) {
    super('ENTRA_REFRESH_TOKEN_UNREADABLE', { problem, fix, cause });
  }
}

/** Awaits what a store reads; `undefined` for a record that cannot be read. */
export async function ifReadable<T>(read: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (isEntraAuthError(error) && error.code === 'ENTRA_REFRESH_TOKEN_UNREADABLE') return undefined;
    throw error;
  }
}

export function isStoreError(error: unknown): error is EntraAuthError {
  return (
    error instanceof RefreshTokenStoreError ||
    error instanceof RefreshTokenConflictError ||
    error instanceof RefreshTokenUnreadableError
  );
}
