import { ManagedIdentityCredential } from '@azure/identity';
import type { EntraAuthModuleOptions } from 'nestjs-entra-auth';
import type { LocalEntra } from 'nestjs-entra-auth/testing';

import { OwnCredential } from './own-credential.js';

const minuteInMs = 60_000;
const hourInMs = 60 * minuteInMs;

/** A column of the fault matrix. */
export interface CredentialKind {
  title: string;
  /** Where it gets its tokens. */
  endpoint: 'token' | 'imds' | 'app-service';
  /** Where a fault in the answer occurs. */
  affected: 'token' | 'imds' | 'app-service' | 'all';
  tokenLifeInMs: number;
  /** After how long a request, or without such a cap the whole attempt, is given up. */
  deadlineInMs: number;
  /** The most HTTP requests that one attempt makes: every strategy of a forced refresh, each with its discovery. */
  requestsPerAttempt: number;
  /** Whether the endpoint has a name that is looked up, rather than an address. */
  looksNamesUp: boolean;
  /** Whether the engine gets to see `Retry-After`. */
  passesRetryAfterOn: boolean;
  /** Whether `@azure/identity` asks for the tokens, so that its version matters. */
  usesLibrary: boolean;
  /** What the application does first. */
  prepare?(): Promise<unknown>;
  /** Variables that the credential reads. */
  environment(entra: LocalEntra): Record<string, string>;
  credential(entra: LocalEntra): EntraAuthModuleOptions['credential'];
}

const authority = (entra: LocalEntra) => ({
  authorityHost: entra.authorityHost,
  certificateAuthority: entra.certificateAuthority,
});

const application = {
  endpoint: 'token',
  affected: 'token',
  tokenLifeInMs: hourInMs,
  deadlineInMs: 10_000,
  requestsPerAttempt: 4,
  looksNamesUp: true,
  passesRetryAfterOn: true,
  usesLibrary: true,
  environment: () => ({}),
} as const;

const machine = {
  tokenLifeInMs: 24 * hourInMs,
  deadlineInMs: 10_000,
  requestsPerAttempt: 1,
  passesRetryAfterOn: true,
  usesLibrary: false,
} as const;

export const clientSecret: CredentialKind = {
  ...application,
  title: 'client secret',
  credential: (entra) => {
    const { tenantId, clientId, clientSecret: secret } = entra.client;
    return { kind: 'client-secret', tenantId, clientId, clientSecret: secret, ...authority(entra) };
  },
};

/** The whole authority is affected: a new instance, which asks for its metadata first, does not even get that. */
export const clientSecretWithoutDiscovery: CredentialKind = {
  ...clientSecret,
  title: 'client secret, whole authority',
  affected: 'all',
};

export const certificate: CredentialKind = {
  ...application,
  title: 'certificate',
  credential: (entra) => {
    const { tenantId, clientId, certificatePath } = entra.client;
    return { kind: 'client-certificate', tenantId, clientId, certificatePath, ...authority(entra) };
  },
};

export const workloadIdentity: CredentialKind = {
  ...application,
  title: 'workload identity',
  credential: (entra) => {
    const { tenantId, clientId, federatedTokenFile: tokenFilePath } = entra.client;
    return { kind: 'workload-identity', tenantId, clientId, tokenFilePath, ...authority(entra) };
  },
};

export const imds: CredentialKind = {
  ...machine,
  title: 'IMDS',
  endpoint: 'imds',
  affected: 'imds',
  looksNamesUp: false,
  environment: (entra) => ({ AZURE_POD_IDENTITY_AUTHORITY_HOST: entra.imdsUrl }),
  credential: () => ({ kind: 'managed-identity' }),
};

/** The application has a credential of `@azure/identity` for the same identity. */
export const imdsAfterOwn: CredentialKind = {
  ...imds,
  title: 'IMDS, own credential first',
  prepare: () => new ManagedIdentityCredential().getToken('https://vault.azure.net/.default'),
};

export const appService: CredentialKind = {
  ...machine,
  title: 'App Service',
  endpoint: 'app-service',
  affected: 'app-service',
  looksNamesUp: true,
  environment: ({ appService: { endpoint, header } }) => ({
    // By name, as in Azure Container Apps.
    IDENTITY_ENDPOINT: endpoint.replace('127.0.0.1', 'localhost'),
    IDENTITY_HEADER: header,
  }),
  credential: () => ({ kind: 'managed-identity' }),
};

export const defaultCredential: CredentialKind = {
  ...imds,
  title: 'default chain',
  environment: (entra) => ({
    ...imds.environment(entra),
    // No developer's login on this machine may answer.
    AZURE_TOKEN_CREDENTIALS: 'prod',
  }),
  credential: () => ({ kind: 'default' }),
};

export const ownCredential: CredentialKind = {
  ...application,
  title: 'own TokenCredential',
  deadlineInMs: 20_000,
  requestsPerAttempt: 2,
  passesRetryAfterOn: false,
  usesLibrary: false,
  credential: (entra) => new OwnCredential(entra),
};

/** In the order of the table. */
export const credentialKinds: readonly CredentialKind[] = [
  clientSecret,
  clientSecretWithoutDiscovery,
  certificate,
  workloadIdentity,
  imds,
  imdsAfterOwn,
  appService,
  defaultCredential,
  ownCredential,
];
