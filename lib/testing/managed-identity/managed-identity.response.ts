import type { Apis } from '../directory/apis.js';
import type { ServicePrincipal } from '../directory/service-principal.js';
import type { IssuedToken } from '../tokens/token.issuer.js';

/** The members that IMDS and App Service have in common: every value is a string. */
export function managedIdentityResponse(
  issued: IssuedToken,
  identity: ServicePrincipal,
  resource: string,
): Record<string, string> {
  return {
    access_token: issued.token,
    client_id: identity.clientId,
    expires_on: String(issued.expiresOn),
    resource,
    token_type: 'Bearer',
  };
}

/** Whether a managed identity can ask for it: one resource, never a scope. */
export function isManagedIdentityResource(resource: string, apis: Apis): boolean {
  return apis.knows(resource) && !resource.endsWith('/.default');
}

/** The first parameter that comes more than once. */
export function duplicate(query: URLSearchParams): string | undefined {
  return [...query.keys()].find((name) => query.getAll(name).length > 1);
}
