import type { LocalClient } from './directory/file-backed.client.js';

/** A way for a process to get tokens, named after its credential. */
export type EnvironmentKind =
  'client-secret' | 'client-certificate' | 'workload-identity' | 'imds' | 'app-service';

/** Where a process finds the local Entra. */
export interface EnvironmentAddresses {
  authorityHost: string;
  certificateAuthorityFile: string;
  imdsUrl: string;
  appService: { endpoint: string; header: string };
}

/** The environment variables that lead `@azure/identity` to the local Entra. */
export function environmentVariables(
  kind: EnvironmentKind,
  client: LocalClient,
  addresses: EnvironmentAddresses,
): Record<string, string> {
  const trust = { NODE_EXTRA_CA_CERTS: addresses.certificateAuthorityFile };
  const application = {
    ...trust,
    AZURE_AUTHORITY_HOST: addresses.authorityHost,
    AZURE_TENANT_ID: client.tenantId,
    AZURE_CLIENT_ID: client.clientId,
  };
  switch (kind) {
    case 'client-secret':
      return { ...application, AZURE_CLIENT_SECRET: client.clientSecret };
    case 'client-certificate':
      return { ...application, AZURE_CLIENT_CERTIFICATE_PATH: client.certificatePath };
    case 'workload-identity':
      return { ...application, AZURE_FEDERATED_TOKEN_FILE: client.federatedTokenFile };
    case 'imds':
      return { ...trust, AZURE_POD_IDENTITY_AUTHORITY_HOST: addresses.imdsUrl };
    case 'app-service': {
      const { endpoint, header } = addresses.appService;
      return { ...trust, IDENTITY_ENDPOINT: endpoint, IDENTITY_HEADER: header };
    }
  }
}
