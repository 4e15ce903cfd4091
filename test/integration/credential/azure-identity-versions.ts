import type { AzureIdentity, AzureIdentityLoader } from '../../../lib/credential/azure-identity.js';

/** The versions of `@azure/identity` that the module is tested with. */
export const azureIdentityVersions: Readonly<Record<string, AzureIdentityLoader>> = {
  '4.13.1': () => import('@azure/identity'),
  // Its classes have the same public shape; the private one differs.
  '4.14.1': async () => (await import('azure-identity-4-14')) as unknown as AzureIdentity,
};
