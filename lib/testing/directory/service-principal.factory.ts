import { randomBytes, randomUUID } from 'node:crypto';
import { createClientCertificate, type ClientCertificate } from '../certificates/client-certificate.js';
import { databaseAudiences, graphAudiences } from '../tokens/audiences.js';
import type { ClientOptions } from './client.options.js';
import type { ServicePrincipal } from './service-principal.js';

/** The tenant, client and object ID that Microsoft's documentation uses as examples. */
export const exampleIds = {
  tenantId: 'aaaabbbb-0000-cccc-1111-dddd2222eeee',
  clientId: '00001111-aaaa-2222-bbbb-3333cccc4444',
  objectId: 'aaaaaaaa-0000-1111-2222-bbbbbbbbbbbb',
} as const;

const usualPermissions = [
  ...permissionOn(graphAudiences, 'User.Read'),
  ...permissionOn(databaseAudiences, 'user_impersonation'),
];

function permissionOn(audiences: readonly string[], permission: string): string[] {
  return audiences.filter((api) => !api.endsWith('/')).map((api) => `${api}/${permission}`);
}

/** Fills in what the options leave open. */
export function createServicePrincipal(
  options: ClientOptions,
  defaults: { tenantId: string; index: number },
): ServicePrincipal {
  const first = defaults.index === 0;
  const name = options.name ?? (first ? 'notes-app' : `client-${defaults.index + 1}`);
  const clientId = options.clientId ?? (first ? exampleIds.clientId : randomUUID());
  let certificate: ClientCertificate | undefined;
  return {
    name,
    tenantId: options.tenantId ?? defaults.tenantId,
    clientId,
    clientSecret: options.clientSecret ?? randomBytes(30).toString('base64url'),
    objectId: options.objectId ?? (first ? exampleIds.objectId : randomUUID()),
    publicClient: options.publicClient ?? false,
    redirectUris: options.redirectUris ?? ['http://localhost'],
    spaRedirectUris: options.spaRedirectUris ?? [],
    identifierUris: options.identifierUris ?? [`api://${clientId}`],
    accessTokenVersion: options.accessTokenVersion ?? 1,
    multiTenant: options.multiTenant ?? false,
    delegatedPermissions: options.delegatedPermissions ?? usualPermissions,
    managedIdentities: options.managedIdentities ?? [],
    graphPermissions: options.graphPermissions ?? [],
    resourceId: `/subscriptions/aaaa0a0a-bb1b-cc2c-dd3d-eeeeee4e4e4e/resourceGroups/local/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`,
    certificate: () => (certificate ??= createClientCertificate(clientId)),
  };
}
