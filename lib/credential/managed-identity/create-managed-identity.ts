import type { TokenCredential } from '../../entra/token-credential.js';
import type { AzureIdentityContext } from '../azure-identity.js';
import { ObservedCredential } from '../observed-credential.js';
import { appServiceEndpoint, imdsEndpoint } from './identity-endpoint.js';
import { findIdentitySource, type IdentityId } from './identity-source.js';
import { ManagedIdentityCredential } from './managed-identity.credential.js';

/**
 * Makes the credential of the machine's managed identity. IMDS and App Service are asked without `@azure/identity`, whose
 * first credential of the process decides HTTP client, retries and cache of every later one.
 *
 * @throws {CredentialUnavailableError} when the environment leads to no endpoint
 */
export async function createManagedIdentity(
  id: IdentityId,
  context: AzureIdentityContext,
): Promise<TokenCredential> {
  const source = findIdentitySource(id);
  if (source === 'imds') return new ManagedIdentityCredential(imdsEndpoint(), id, context);
  if (source === 'app-service') return new ManagedIdentityCredential(appServiceEndpoint(), id, context);
  const identity = await context.identity();
  const options = await context.options();
  if (source === 'workload-identity') {
    return new ObservedCredential(new identity.WorkloadIdentityCredential({ ...options, ...id }));
  }
  return new ObservedCredential(makeOfLibrary(identity, options, id));
}

function makeOfLibrary(
  { ManagedIdentityCredential: LibraryCredential }: Awaited<ReturnType<AzureIdentityContext['identity']>>,
  options: object,
  { clientId, objectId, resourceId }: IdentityId,
): TokenCredential {
  if (objectId !== undefined) return new LibraryCredential({ ...options, objectId });
  if (resourceId !== undefined) return new LibraryCredential({ ...options, resourceId });
  return new LibraryCredential(clientId === undefined ? options : { ...options, clientId });
}
