import { rememberSecret } from '../../common/known-secrets.js';
import { CredentialUnavailableError } from '../credential.error.js';
import type { IdentityId } from './identity-source.js';

/** An endpoint of the platform that hands out tokens of managed identities. */
export interface IdentityEndpoint {
  /** Its name in errors. */
  name: string;
  url: URL;
  headers: Record<string, string>;
  /** Names of the query parameters that select an identity. */
  parameters: Record<keyof IdentityId, string>;
}

const imdsAddress = 'http://169.254.169.254';

/** Whether the environment gives IMDS another address, where it is assumed to exist. */
export const imdsIsGiven = (): boolean => (process.env['AZURE_POD_IDENTITY_AUTHORITY_HOST'] ?? '') !== '';

/**
 * The Azure Instance Metadata Service.
 *
 * @see https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token
 */
export function imdsEndpoint(): IdentityEndpoint {
  const variable = 'AZURE_POD_IDENTITY_AUTHORITY_HOST';
  const host = imdsIsGiven() ? (process.env[variable] ?? '') : imdsAddress;
  const url = addressOf(variable, `${host.replace(/\/+$/, '')}/metadata/identity/oauth2/token`);
  url.searchParams.set('api-version', '2018-02-01');
  return {
    name: 'IMDS',
    url,
    headers: { metadata: 'true' },
    parameters: { clientId: 'client_id', objectId: 'object_id', resourceId: 'msi_res_id' },
  };
}

/**
 * The endpoint of App Service, Functions and Container Apps.
 *
 * @see https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
 */
export function appServiceEndpoint(): IdentityEndpoint {
  const url = addressOf('IDENTITY_ENDPOINT', process.env['IDENTITY_ENDPOINT'] ?? '');
  url.searchParams.set('api-version', '2019-08-01');
  const header = process.env['IDENTITY_HEADER'] ?? '';
  rememberSecret(header);
  return {
    name: 'the identity endpoint of App Service',
    url,
    headers: { 'x-identity-header': header },
    parameters: { clientId: 'client_id', objectId: 'principal_id', resourceId: 'mi_res_id' },
  };
}

/** Returns the address for a token of a resource. */
export function tokenAddress(endpoint: IdentityEndpoint, resource: string, id: IdentityId): URL {
  const url = new URL(endpoint.url);
  url.searchParams.set('resource', resource);
  for (const key of ['clientId', 'objectId', 'resourceId'] as const) {
    const value = id[key];
    if (value !== undefined) url.searchParams.set(endpoint.parameters[key], value);
  }
  return url;
}

function addressOf(variable: string, value: string): URL {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  throw new CredentialUnavailableError(
    `Managed identity: the environment variable "${variable}" is not a URL.`,
    'Unset it, or set it to an address such as "http://127.0.0.1:41741/msi/token".',
  );
}
