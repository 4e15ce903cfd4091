import { ClientSecretCredential, type ClientSecretCredentialOptions } from '@azure/identity';
import type { LocalEntra } from 'nestjs-entra-auth/testing';

export { databaseAudience, localDataSource } from './local-data-source.js';

/** Audience of tokens for Microsoft Graph. */
export const graphAudience = 'https://graph.microsoft.com';

/** Makes credentials of `@azure/identity` that talk to the local Entra. */
export const credentialFactory =
  (
    { tenantId, client, authorityHost, certificateAuthority }: LocalEntra,
    options: ClientSecretCredentialOptions = {},
  ) =>
  (): ClientSecretCredential =>
    new ClientSecretCredential(tenantId, client.clientId, client.clientSecret, {
      authorityHost,
      disableInstanceDiscovery: true,
      tlsOptions: { ca: certificateAuthority },
      ...options,
    });
