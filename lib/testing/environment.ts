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

/** The database of the local Entra. */
interface DatabaseAddress {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly username: string;
}

/** The database as a URL that names the authority to trust, as the module's option `url` takes it. */
function databaseUrl({ host, port, database, username }: DatabaseAddress, authorityFile: string): string {
  const user = encodeURIComponent(username);
  return `postgres://${user}@${host}:${port}/${database}?sslrootcert=${encodeURIComponent(authorityFile)}`;
}

/** The environment variables that lead to the local Entra, and to its database. */
export function environmentVariables(
  kind: EnvironmentKind,
  client: LocalClient,
  addresses: EnvironmentAddresses,
  database?: DatabaseAddress,
): Record<string, string> {
  const { certificateAuthorityFile } = addresses;
  const trust = {
    NODE_EXTRA_CA_CERTS: certificateAuthorityFile,
    ...(database && { DATABASE_URL: databaseUrl(database, certificateAuthorityFile) }),
  };
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
