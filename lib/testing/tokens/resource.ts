import type { Apis } from '../directory/apis.js';
import { EntraError } from '../errors/entra.error.js';

/**
 * The audience of a client-credentials token: the scope without `/.default`, so that a doubled slash leaves one.
 *
 * @throws EntraError AADSTS900144, 70011, 1002012 or 500011
 * @see https://learn.microsoft.com/entra/identity-platform/scopes-oidc#trailing-slash-and-default
 */
export function resourceOfScope(scope: string | null, tenantId: string, apis: Apis): string {
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
  return apis.require(resource, tenantId);
}
