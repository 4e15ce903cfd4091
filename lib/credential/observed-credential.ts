import { checkTokenLength } from '../entra/invalid-token.error.js';
import type { AccessToken, GetTokenOptions, TokenCredential } from '../entra/token-credential.js';
import { connectRequests, observationOf } from '../entra/wire-observation.js';
import { CredentialRequestError } from './credential.error.js';

/**
 * Wraps a credential of `@azure/identity`: adds status and `Retry-After` to its errors, makes its requests abortable, and
 * refuses a token that is too long.
 */
export class ObservedCredential implements TokenCredential {
  readonly #inner: TokenCredential;

  constructor(inner: TokenCredential) {
    this.#inner = inner;
  }

  async getToken(scopes: string | string[], options?: GetTokenOptions): Promise<AccessToken | null> {
    const observation = observationOf(options?.abortSignal);
    let token: AccessToken | null;
    try {
      token = await connectRequests(observation, () => this.#inner.getToken(scopes, options));
    } catch (error) {
      const { statusCode, retryAfter, networkError, errorBody } = observation;
      throw new CredentialRequestError(error, statusCode, retryAfter, networkError, errorBody);
    }
    if (token !== null) checkTokenLength(token.token);
    return token;
  }
}
