import { CredentialUnavailableError } from '../credential.error.js';
import type { LinkName } from './chain-link.js';

/** In the order of `DefaultAzureCredential`. */
const deployed: Readonly<Record<string, LinkName>> = {
  EnvironmentCredential: 'environmentcredential',
  WorkloadIdentityCredential: 'workloadidentitycredential',
  ManagedIdentityCredential: 'managedidentitycredential',
};
const developers: Readonly<Record<string, LinkName>> = {
  VisualStudioCodeCredential: 'visualstudiocodecredential',
  AzureCliCredential: 'azureclicredential',
  AzurePowerShellCredential: 'azurepowershellcredential',
  AzureDeveloperCliCredential: 'azuredeveloperclicredential',
};

/**
 * Selects the links of the chain by `AZURE_TOKEN_CREDENTIALS`: `prod`, `dev`, one by its name, or all.
 *
 * @throws {CredentialUnavailableError} for any other value
 * @see https://learn.microsoft.com/azure/developer/javascript/sdk/authentication/credential-chains
 */
export function selectLinks(value = process.env['AZURE_TOKEN_CREDENTIALS']): readonly LinkName[] {
  const chosen = value?.trim().toLowerCase() ?? '';
  const all = [...Object.values(deployed), ...Object.values(developers)];
  if (chosen === '') return all;
  if (chosen === 'prod') return Object.values(deployed);
  if (chosen === 'dev') return Object.values(developers);
  const named = all.find((name) => name === chosen);
  if (named !== undefined) return [named];
  throw new CredentialUnavailableError(
    'The environment variable "AZURE_TOKEN_CREDENTIALS" names no credential.',
    `Set it to "prod", "dev" or one of ${[...Object.keys(deployed), ...Object.keys(developers)].join(', ')}, or unset it.`,
  );
}
