import { CredentialRequestError } from '../errors/credential-request.error.js';
import type { ManagedIdentityCache } from './managed-identity-cache.js';
import type { AbortSignalLike, AccessToken, GetTokenOptions, TokenCredential } from './token-credential.js';
import { wireObservation, type WireObservation } from './wire-observation.js';

/** Gives the errors of a credential the status and the `Retry-After` that it met, and its requests a way to end. */
export class ObservedCredential implements TokenCredential {
  readonly #inner: TokenCredential;
  readonly #processCache: ManagedIdentityCache | undefined;

  /** @param processCache where the credential's tokens may come from that no new instance can bypass */
  constructor(inner: TokenCredential, processCache?: ManagedIdentityCache) {
    this.#inner = inner;
    this.#processCache = processCache;
  }

  getToken(scopes: string | string[], options?: GetTokenOptions): Promise<AccessToken | null> {
    return observed(options?.abortSignal, () => this.#inner.getToken(scopes, options));
  }

  /**
   * Replaces a token in the cache of the process.
   *
   * @returns the new token, or `undefined` when the old one did not come from that cache
   */
  async replaceCached(
    cached: string,
    scopes: readonly string[],
    signal: AbortSignalLike,
  ): Promise<AccessToken | undefined> {
    const cache = this.#processCache;
    if (cache === undefined || !(await cache.holds(cached, scopes))) return undefined;
    return observed(signal, () => cache.replace(scopes));
  }
}

async function observed<T>(signal: AbortSignalLike | undefined, call: () => Promise<T>): Promise<T> {
  const observation: WireObservation = wireObservation.getStore() ?? { signal };
  try {
    return await wireObservation.run(observation, call);
  } catch (error) {
    const { statusCode, retryAfter, networkError, answer } = observation;
    throw new CredentialRequestError(error, statusCode, retryAfter, networkError, answer);
  }
}
