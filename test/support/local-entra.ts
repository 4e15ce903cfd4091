import { ClientSecretCredential, type ClientSecretCredentialOptions } from '@azure/identity';
import type { EntraDataSourceOptions } from 'nestjs-entra-auth';
import type { LocalEntra } from 'nestjs-entra-auth/testing';

/** Audience of tokens for Azure Database for PostgreSQL. */
export const databaseAudience = 'https://ossrdbms-aad.database.windows.net';
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

/** The options of a data source on the local PostgreSQL. */
export function dataSourceOf({
  postgres,
  certificateAuthority,
}: LocalEntra): EntraDataSourceOptions & { type: 'postgres' } {
  const { host, port, database, username } = postgres;
  return { type: 'postgres', host, port, database, username, ssl: { ca: certificateAuthority } };
}
