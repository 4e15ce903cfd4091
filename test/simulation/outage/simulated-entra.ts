import {
  createHttpHeaders,
  RestError,
  type HttpClient,
  type PipelineRequest,
  type PipelineResponse,
} from '@azure/core-rest-pipeline';

import { PlatformTokenCache } from '../../../lib/testing/managed-identity/platform-token-cache.js';
import { uniform } from '../seeded-random.js';
import type { SimulatedTime } from '../simulated-time.js';
import type { Identity } from './identity.js';
import type { Outage } from './outage.js';

const latencyInMs = { least: 20, most: 200 };

interface Issued {
  token: string;
  /** Seconds since 1970. */
  expiresOn: number;
}

/**
 * The token endpoint and the managed identity endpoint, as an HTTP client that a credential is given instead of
 * sockets. It answers in simulated time, and during the outage as the outage tells.
 */
export class SimulatedEntra implements HttpClient {
  /** Requests for tokens that arrived during the outage. */
  requestsInOutage = 0;
  /** The life of the token that was issued last before the outage. */
  lifeBeforeOutageInMs = 0;
  #issued = 0;
  readonly #token: (resource: string) => Issued;
  /** How far the platform is behind when it gets the token that it holds at the boot. */
  #agoInMs = 0;

  constructor(
    private readonly time: SimulatedTime,
    identity: Identity,
    private readonly outage: Outage,
    private readonly random: () => number,
  ) {
    this.#token = this.#issuer(identity);
  }

  get #now(): number {
    return this.time.now() - this.#agoInMs;
  }

  /** Whether a token is what it claims to be and has not expired. The server of the database asks this. */
  isValid(token: string): boolean {
    return this.time.now() < Number(token.split('.')[1]);
  }

  async sendRequest(request: PipelineRequest): Promise<PipelineResponse> {
    const { outage } = this;
    const now = this.time.now();
    const isOut = now >= outage.startsAt && now < outage.endsAt;
    const asksForToken = !request.url.includes('/.well-known/');
    if (isOut && asksForToken) this.requestsInOutage++;
    if (isOut && outage.fault === 'hang') {
      await this.#wait(request, outage.endsAt - now);
      throw new RestError('socket hang up', { code: 'ECONNRESET', request });
    }
    await this.#wait(request, uniform(latencyInMs.least, latencyInMs.most, this.random));
    if (!isOut) return respond(request, 200, asksForToken ? this.#issue(request) : discovery(request));
    if (outage.fault === 'refused') {
      throw new RestError('connect ECONNREFUSED', { code: 'ECONNREFUSED', request });
    }
    const retryAfter = { 'retry-after': String(outage.retryAfterInSeconds) };
    return outage.fault === '429'
      ? respond(request, 429, problem('AADSTS90055: the tenant is throttled.'), retryAfter)
      : respond(request, 500, problem('AADSTS90033: a transient error has occurred.'));
  }

  #issue({ method, url }: PipelineRequest): object {
    const resource = new URL(url).searchParams.get('resource') ?? '';
    const { token, expiresOn } = this.#token(resource);
    const answer = { access_token: token, token_type: 'Bearer' };
    return method === 'GET'
      ? // MSAL files the token under the resource that the answer names, and never finds it under another.
        { ...answer, expires_on: String(expiresOn), resource }
      : { ...answer, expires_in: expiresOn - Math.floor(this.#now / 1000) };
  }

  /** A platform has got the token that it holds some time before the application boots. */
  #issuer({ tokens, longestLifeInMs }: Identity): (resource: string) => Issued {
    if ('lifeInSeconds' in tokens) {
      return () => this.#newToken(Math.round(tokens.lifeInSeconds(this.random)));
    }
    const { platform } = tokens;
    const cache = new PlatformTokenCache<Issued>(platform, () => this.#now);
    this.#agoInMs = uniform(0, platform.renewsAtShareOfLife, this.random) * longestLifeInMs;
    return (resource) => {
      const issued = cache.get(resource, (lifeInSeconds) => this.#newToken(lifeInSeconds));
      this.#agoInMs = 0;
      return issued;
    };
  }

  #newToken(lifeInSeconds: number): Issued {
    const expiresOn = Math.floor(this.#now / 1000) + lifeInSeconds;
    if (this.time.now() < this.outage.startsAt) this.lifeBeforeOutageInMs = lifeInSeconds * 1000;
    return { token: `${++this.#issued}.${expiresOn * 1000}`, expiresOn };
  }

  #wait({ abortSignal }: PipelineRequest, delayInMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = this.time.setTimeout(() => {
        abortSignal?.removeEventListener('abort', onAbort);
        resolve();
      }, delayInMs);
      const onAbort = (): void => {
        this.time.clearTimeout(timer);
        const error = new Error('The operation was aborted.');
        error.name = 'AbortError';
        reject(error);
      };
      if (abortSignal?.aborted === true) onAbort();
      else abortSignal?.addEventListener('abort', onAbort);
    });
  }
}

/** Leads to the simulation of the moment, for credentials that hold on to their client longer than that. */
export class EntraOfTheDay implements HttpClient {
  entra: SimulatedEntra | undefined;

  sendRequest(request: PipelineRequest): Promise<PipelineResponse> {
    return this.entra === undefined
      ? Promise.reject(new Error('Nothing is simulated.'))
      : this.entra.sendRequest(request);
  }
}

function respond(
  request: PipelineRequest,
  status: number,
  body: object,
  headers: Record<string, string> = {},
): PipelineResponse {
  return {
    request,
    status,
    headers: createHttpHeaders({ 'content-type': 'application/json', ...headers }),
    bodyAsText: JSON.stringify(body),
  };
}

function problem(description: string): object {
  return { error: 'temporarily_unavailable', error_description: description };
}

function discovery({ url }: PipelineRequest): object {
  const tenant = url.slice(0, url.indexOf('/v2.0/'));
  return {
    issuer: `${tenant}/v2.0`,
    authorization_endpoint: `${tenant}/oauth2/v2.0/authorize`,
    token_endpoint: `${tenant}/oauth2/v2.0/token`,
    jwks_uri: `${tenant}/discovery/v2.0/keys`,
  };
}
