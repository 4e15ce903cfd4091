import { ClientSecretCredential, ManagedIdentityCredential, type TokenCredential } from '@azure/identity';
import { createHttpHeaders, createPipelineRequest, type HttpClient } from '@azure/core-rest-pipeline';

import { capHttpClient } from '../../../lib/credential/capped-http-client.js';
import type { SingleGet, HttpResponse } from '../../../lib/credential/managed-identity/get-once.js';
import { imdsEndpoint } from '../../../lib/credential/managed-identity/identity-endpoint.js';
import { ManagedIdentityCredential as ModuleCredential } from '../../../lib/credential/managed-identity/managed-identity.credential.js';
import { ObservedCredential } from '../../../lib/credential/observed-credential.js';
import type { TokenCredential as ModuleTokenCredential } from '../../../lib/entra/token-credential.js';
import type { Clock } from '../../../lib/common/clock.js';
import { uniform } from '../seeded-random.js';

/** What the application is to Entra: it decides which credential is used, and how long tokens live. */
export interface Identity {
  name: IdentityName;
  title: string;
  lifeInSeconds(random: () => number): number;
  longestLifeInMs: number;
  averageLifeInMs: number;
  /** The real credential class, on an endpoint that is not. */
  credential(httpClient: HttpClient): TokenCredential;
  /** What the module makes of plain data, but for the sockets. */
  credentialOfModule(httpClient: HttpClient, clock: Clock): ModuleTokenCredential;
}

export type IdentityName = 'client-secret' | 'managed-identity';

const requestTimeoutInMs = 10_000;
const application = ['11111111-2222-3333-4444-555555555555', 'simulated-client', 'simulated'] as const;
const minute = 60;
const hour = 60 * minute;

const clientSecret: Identity = {
  name: 'client-secret',
  title: 'Client secret, tokens of 60–90 minutes',
  // Entra draws the life of each token at random from this range.
  lifeInSeconds: (random) => uniform(60 * minute, 90 * minute, random),
  longestLifeInMs: 90 * minute * 1000,
  averageLifeInMs: 75 * minute * 1000,
  credential: (httpClient) => new ClientSecretCredential(...application, { httpClient }),
  credentialOfModule: (httpClient, clock) =>
    new ObservedCredential(
      new ClientSecretCredential(...application, {
        httpClient: capHttpClient(httpClient, requestTimeoutInMs, clock),
        retryOptions: { maxRetries: 0 },
      }),
    ),
};

const managedIdentity: Identity = {
  name: 'managed-identity',
  title: 'Managed identity, tokens of 24 hours',
  lifeInSeconds: () => 24 * hour,
  longestLifeInMs: 24 * hour * 1000,
  averageLifeInMs: 24 * hour * 1000,
  credential: (httpClient) => new ManagedIdentityCredential({ httpClient }),
  credentialOfModule: (httpClient, clock) =>
    new ModuleCredential(imdsEndpoint(), {}, { requestTimeoutInMs, clock }, (get) =>
      getThrough(capHttpClient(httpClient, get.timeoutInMs, clock), get),
    ),
};

export const identities: readonly Identity[] = [clientSecret, managedIdentity];

async function getThrough(httpClient: HttpClient, { url, headers }: SingleGet): Promise<HttpResponse> {
  const request = createPipelineRequest({ url: url.href, headers: createHttpHeaders(headers) });
  const response = await httpClient.sendRequest(request);
  return {
    status: response.status,
    retryAfter: response.headers.get('retry-after'),
    date: response.headers.get('date'),
    body: response.bodyAsText ?? '',
  };
}
