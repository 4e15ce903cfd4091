import { EntraAuthError, isEntraAuthError, problemOf } from '../../common/entra-auth.error.js';
import { errorCodes } from '../../common/error-codes.js';
import { redactError } from '../../common/redaction.js';

/** What the shared cache holds of a user could not be deleted. */
export class SharedCacheError extends EntraAuthError {
  override readonly name = 'SharedCacheError';

  constructor(description: string, cause: unknown) {
    const reason = isEntraAuthError(cause) ? problemOf(cause) : redactError(cause).message.slice(0, 300);
    super('ENTRA_SHARED_CACHE', {
      problem: `The shared cache of users' tokens (${description}) did not delete: ${reason}`,
      fix: errorCodes.ENTRA_SHARED_CACHE.remedy,
      retryable: true,
      cause: redactError(cause),
    });
  }
}
