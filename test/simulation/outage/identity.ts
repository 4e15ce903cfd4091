import { ClientSecretCredential, ManagedIdentityCredential, type TokenCredential } from '@azure/identity';
import { createHttpHeaders, createPipelineRequest, type HttpClient } from '@azure/core-rest-pipeline';

import { capHttpClient } from '../../../lib/credential/capped-http-client.js';
import type { SingleGet, HttpResponse } from '../../../lib/credential/managed-identity/get-once.js';
import { imdsEndpoint } from '../../../lib/credential/managed-identity/identity-endpoint.js';
import { ManagedIdentityCredential as ModuleCredential } from '../../../lib/credential/managed-identity/managed-identity.credential.js';
import { ObservedCredential } from '../../../lib/credential/observed-credential.js';
import type { TokenCredential as ModuleTokenCredential } from '../../../lib/entra/token-credential.js';
import type { Clock } from '../../../lib/common/clock.js';
import { managedIdentitySettings } from '../../../lib/testing/managed-identity/managed-identity.options.js';
import type { PlatformCacheSettings } from '../../../lib/testing/managed-identity/platform-token-cache.js';
import { uniform } from '../seeded-random.js';

/** What the application is to Entra: it decides which credential is used, and how long tokens live. */
export interface Identity {
  name: IdentityName;
  title: string;
  longestLifeInMs: number;
  averageLifeInMs: number;
  /** No login may fail in an outage that is shorter than this share of a token's life. */
  survivesInLives: number;
  /** Draws the life of each token, or has a platform that holds one. */
  tokens: { lifeInSeconds(random: () => number): number } | { platform: PlatformCacheSettings };
  /** The real credential class, on an endpoint that is not. */
  credential(httpClient: HttpClient): TokenCredential;
  /** What the module makes of plain data, but for the sockets. */
  credentialOfModule(httpClient: HttpClient, clock: Clock): ModuleTokenCredential;
}

export type IdentityName = 'client-secret' | 'managed-identity' | 'managed-identity-late';

const requestTimeoutInMs = 10_000;
const application = ['11111111-2222-3333-4444-555555555555', 'simulated-client', 'simulated'] as const;
const minute = 60;

const clientSecret: Identity = {
  name: 'client-secret',
  title: 'Client secret, tokens of 60–90 minutes',
  // Entra draws the life of each token at random from this range.
  tokens: { lifeInSeconds: (random) => uniform(60 * minute, 90 * minute, random) },
  longestLifeInMs: 90 * minute * 1000,
  averageLifeInMs: 75 * minute * 1000,
  survivesInLives: 0.45,
  credential: (httpClient) => new ClientSecretCredential(...application, { httpClient }),
  credentialOfModule: (httpClient, clock) =>
    new ObservedCredential(
      new ClientSecretCredential(...application, {
        httpClient: capHttpClient(httpClient, requestTimeoutInMs, clock),
        retryOptions: { maxRetries: 0 },
      }),
    ),
};

const ofThisMachine = managedIdentitySettings();

const managedIdentity: Identity = {
  name: 'managed-identity',
  title: 'Managed identity, tokens of 24 hours, renewed at half of their life',
  longestLifeInMs: ofThisMachine.tokenLifetimeInSeconds * 1000,
  averageLifeInMs: ofThisMachine.tokenLifetimeInSeconds * 1000,
  survivesInLives: 0.45,
  tokens: { platform: ofThisMachine },
  credential: (httpClient) => new ManagedIdentityCredential({ httpClient }),
  credentialOfModule: (httpClient, clock) =>
    new ModuleCredential(imdsEndpoint(), {}, { requestTimeoutInMs, clock }, (get) =>
      getThrough(capHttpClient(httpClient, get.timeoutInMs, clock), get),
    ),
};

// When a platform renews is documented nowhere: this one leaves a fifth of the life.
const managedIdentityLate: Identity = {
  ...managedIdentity,
  name: 'managed-identity-late',
  title: 'Managed identity, tokens of 24 hours, renewed at 80 % of their life',
  survivesInLives: 0.15,
  tokens: { platform: { ...ofThisMachine, renewsAtShareOfLife: 0.8 } },
};

export const identities: readonly Identity[] = [clientSecret, managedIdentity, managedIdentityLate];

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
