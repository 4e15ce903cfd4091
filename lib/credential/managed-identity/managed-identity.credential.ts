import type { Clock } from '../../common/clock.js';
import { parseJsonObject } from '../../common/json-object.js';
import { checkTokenLength } from '../../entra/invalid-token.error.js';
import type {
  AccessToken,
  GetTokenOptions,
  TokenCredential,
  UncachedCredential,
} from '../../entra/token-credential.js';
import { TokenRequestFailedError } from '../../entra/token-endpoint.error.js';
import { noteResponse, observationOf } from '../../entra/wire-observation.js';
import { CredentialUnavailableError } from '../credential.error.js';
import { getOnce, type HttpResponse } from './get-once.js';
import { tokenAddress, type IdentityEndpoint } from './identity-endpoint.js';
import { checkAddress, failureOfResponse, failureOfRequest } from './identity-failure.js';
import type { IdentityId } from './identity-source.js';
import { readTokenTimes } from './token-times.js';

export interface ManagedIdentityLimits {
  /** Deadline of a request, headers and body, in milliseconds. */
  requestTimeoutInMs: number;
  clock: Clock;
}

/** Requests tokens of the managed identity from the platform's endpoint, once for each call and without a cache. */
export class ManagedIdentityCredential implements TokenCredential, UncachedCredential {
  readonly isUncached = true;
  readonly #endpoint: IdentityEndpoint;
  readonly #id: IdentityId;
  readonly #limits: ManagedIdentityLimits;
  readonly #get: typeof getOnce;

  /** @param get sends the request */
  constructor(endpoint: IdentityEndpoint, id: IdentityId, limits: ManagedIdentityLimits, get = getOnce) {
    this.#endpoint = endpoint;
    this.#id = id;
    this.#limits = limits;
    this.#get = get;
  }

  /**
   * @throws {CredentialUnavailableError} for more than one scope
   * @throws {TokenRequestFailedError} when the endpoint gave no token
   * @throws {EntraTimeoutError} when the endpoint took too long
   */
  async getToken(scopes: string | string[], options: GetTokenOptions = {}): Promise<AccessToken> {
    const { name, headers } = this.#endpoint;
    const { requestTimeoutInMs, clock } = this.#limits;
    const url = tokenAddress(this.#endpoint, resourceOf(scopes), this.#id);
    let response: HttpResponse;
    try {
      response = await this.#get({
        name: `Managed identity: ${name}`,
        url,
        headers,
        timeoutInMs: requestTimeoutInMs,
        clock,
        signal: options.abortSignal,
      });
    } catch (error) {
      throw failureOfRequest(name, error);
    }
    const now = clock.now();
    noteResponse(observationOf(options.abortSignal), response, now);
    return this.#read(response, now);
  }

  #read(response: HttpResponse, now: number): AccessToken {
    const { name } = this.#endpoint;
    const body = response.status === 200 ? parseJsonObject(response.body) : undefined;
    const token =
      body === undefined || !Object.hasOwn(body, 'access_token') ? undefined : body['access_token'];
    if (body === undefined || typeof token !== 'string' || token === '') {
      throw failureOfResponse(name, this.#id, response, now);
    }
    checkTokenLength(token);
    const times = readTokenTimes(body, token, now);
    if (times === undefined) {
      throw new TokenRequestFailedError(
        `Managed identity: ${name} returned times that cannot be read ("expires_on", "expires_in").`,
        checkAddress,
        { retryable: true, statusCode: response.status },
      );
    }
    return { token, ...times };
  }
}

function resourceOf(scopes: string | string[]): string {
  const [scope, ...more] = [scopes].flat();
  if (scope !== undefined && more.length === 0) return scope.replace(/\/\.default$/, '');
  throw new CredentialUnavailableError(
    `Managed identity takes one scope for a token; ${more.length + (scope === undefined ? 0 : 1)} were given.`,
    'Give one scope, such as "https://graph.microsoft.com/.default", and each other one a resource of its own.',
  );
}
