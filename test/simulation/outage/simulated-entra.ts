import {
  createHttpHeaders,
  RestError,
  type HttpClient,
  type PipelineRequest,
  type PipelineResponse,
} from '@azure/core-rest-pipeline';

import { uniform } from '../seeded-random.js';
import type { SimulatedTime } from '../simulated-time.js';
import type { Identity } from './identity.js';
import type { Outage } from './outage.js';

const latencyInMs = { least: 20, most: 200 };

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

  constructor(
    private readonly time: SimulatedTime,
    private readonly identity: Identity,
    private readonly outage: Outage,
    private readonly random: () => number,
  ) {}

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

  #issue(request: PipelineRequest): object {
    const now = this.time.now();
    const lifeInSeconds = Math.round(this.identity.lifeInSeconds(this.random));
    const expiresOn = Math.floor(now / 1000) + lifeInSeconds;
    if (now < this.outage.startsAt) this.lifeBeforeOutageInMs = lifeInSeconds * 1000;
    const token = { access_token: `${++this.#issued}.${expiresOn * 1000}`, token_type: 'Bearer' };
    return request.method === 'GET'
      ? // MSAL files the token under the resource that the answer names, and never finds it under another.
        {
          ...token,
          expires_on: String(expiresOn),
          resource: new URL(request.url).searchParams.get('resource'),
        }
      : { ...token, expires_in: lifeInSeconds };
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
