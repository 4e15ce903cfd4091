import { CredentialRequestError } from '../errors/credential-request.error.js';
import type { AccessToken, GetTokenOptions, TokenCredential } from './token-credential.js';
import { wireObservation, type WireObservation } from './wire-observation.js';

/** Gives the errors of a credential the status and the `Retry-After` that it met, and its requests a way to end. */
export class ObservedCredential implements TokenCredential {
  readonly #inner: TokenCredential;

  constructor(inner: TokenCredential) {
    this.#inner = inner;
  }

  async getToken(scopes: string | string[], options?: GetTokenOptions): Promise<AccessToken | null> {
    const observation: WireObservation = { signal: options?.abortSignal };
    try {
      return await wireObservation.run(observation, () => this.#inner.getToken(scopes, options));
    } catch (error) {
      const { statusCode, retryAfter, networkError } = observation;
      throw new CredentialRequestError(error, statusCode, retryAfter, networkError);
    }
  }
}
