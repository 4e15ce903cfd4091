import { EntraError } from '../errors/entra.error.js';
import { isGuid } from '../guid.js';

/** Whether a resource can exist: an application ID or an application ID URI. */
export function isResource(resource: string): boolean {
  return isGuid(resource) || (URL.canParse(resource) && !/\s/.test(resource));
}

/**
 * The audience of a client-credentials token: the scope without `/.default`, so that a doubled slash leaves one.
 *
 * @throws EntraError AADSTS900144, 70011, 1002012 or 500011
 * @see https://learn.microsoft.com/entra/identity-platform/scopes-oidc#trailing-slash-and-default
 */
export function resourceOfScope(scope: string | null, tenantId: string): string {
  if (scope === null || scope.trim() === '') {
    throw new EntraError(900144, {
      description: "The request body must contain the following parameter: 'scope'.",
    });
  }
  if (/\s/.test(scope.trim())) {
    throw new EntraError(70011, {
      description: `The provided request must include a 'scope' input parameter. The provided value for the input parameter 'scope' is not valid. The scope ${scope} is not valid.`,
    });
  }
  const resource = /^(.+)\/\.default$/.exec(scope.trim())?.[1];
  if (resource === undefined) {
    throw new EntraError(1002012, {
      description: `The provided value for scope ${scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).`,
    });
  }
  return requireResource(resource, tenantId);
}

/** @throws EntraError AADSTS900144 when there is none, 500011 when it cannot exist */
export function requireResource(resource: string | null, tenantId: string): string {
  if (resource === null || resource.trim() === '') {
    throw new EntraError(900144, {
      description: "The request body must contain the following parameter: 'resource'.",
    });
  }
  if (!isResource(resource)) {
    throw new EntraError(500011, {
      description: `The resource principal named ${resource} was not found in the tenant named ${tenantId}. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You might have sent your authentication request to the wrong tenant.`,
    });
  }
  return resource;
}
