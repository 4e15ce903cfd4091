import { ClientSecretCredential, ManagedIdentityCredential, type TokenCredential } from '@azure/identity';
import type { HttpClient } from '@azure/core-rest-pipeline';

import { uniform } from '../seeded-random.js';

/** What the application is to Entra: it decides which credential is used, and how long tokens live. */
export interface Identity {
  name: IdentityName;
  title: string;
  lifeInSeconds(random: () => number): number;
  longestLifeInMs: number;
  averageLifeInMs: number;
  /** The real credential class, on an endpoint that is not. */
  credential(httpClient: HttpClient, retryOptions?: { maxRetries: number }): TokenCredential;
}

export type IdentityName = 'client-secret' | 'managed-identity';

const minute = 60;
const hour = 60 * minute;

const clientSecret: Identity = {
  name: 'client-secret',
  title: 'Client secret, tokens of 60–90 minutes',
  // Entra draws the life of each token at random from this range.
  lifeInSeconds: (random) => uniform(60 * minute, 90 * minute, random),
  longestLifeInMs: 90 * minute * 1000,
  averageLifeInMs: 75 * minute * 1000,
  credential: (httpClient, retryOptions) =>
    new ClientSecretCredential('11111111-2222-3333-4444-555555555555', 'simulated-client', 'simulated', {
      httpClient,
      ...(retryOptions === undefined ? {} : { retryOptions }),
    }),
};

const managedIdentity: Identity = {
  name: 'managed-identity',
  title: 'Managed identity, tokens of 24 hours',
  lifeInSeconds: () => 24 * hour,
  longestLifeInMs: 24 * hour * 1000,
  averageLifeInMs: 24 * hour * 1000,
  credential: (httpClient, retryOptions) =>
    new ManagedIdentityCredential({
      httpClient,
      ...(retryOptions === undefined ? {} : { retryOptions }),
    }),
};

export const identities: readonly Identity[] = [clientSecret, managedIdentity];
