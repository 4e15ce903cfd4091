import type { Apis } from '../directory/apis.js';
import { EntraError } from '../errors/entra.error.js';

const graph = 'https://graph.microsoft.com';
const openIdScopes: ReadonlySet<string> = new Set(['openid', 'profile', 'email', 'offline_access']);

/** What a request asks for in the name of a user. */
export interface DelegatedScope {
  /** The API, `aud` of the access token. */
  resource: string;
  /** What is asked of that API, `.default` included. */
  permissions: readonly string[];
  /** What is asked of OpenID Connect. */
  openId: readonly string[];
}

/**
 * Reads a `scope` parameter. Of several APIs the first one is meant; what names none is a permission of Graph.
 *
 * @throws EntraError AADSTS70011 or 500011
 * @see https://learn.microsoft.com/entra/identity-platform/scopes-oidc
 */
export function delegatedScope(scope: string, tenantId: string, apis: Apis): DelegatedScope {
  const all = scope.split(/\s+/).filter((part) => part !== '');
  const openId = all.filter((part) => openIdScopes.has(part));
  const [first, ...others] = all.filter((part) => !openIdScopes.has(part)).map(ofResource);
  if (first === undefined) return { resource: graph, permissions: [], openId };
  if (others.length > 0 && [first, ...others].some(({ permission }) => permission === '.default')) {
    throw new EntraError(70011, {
      description: `The provided request must include a 'scope' input parameter. The provided value for the input parameter 'scope' is not valid. .default scope can't be combined with resource-specific scopes.`,
    });
  }
  apis.require(first.resource, tenantId);
  const wanted = [first, ...others].filter(({ resource }) => resource === first.resource);
  return { resource: first.resource, permissions: wanted.map(({ permission }) => permission), openId };
}

/** What a `resource` parameter asks for, with the OpenID scopes of the sign-in. @throws EntraError AADSTS500011 */
export function delegatedResource(
  resource: string,
  signInScope: string,
  tenantId: string,
  apis: Apis,
): DelegatedScope {
  const openId = signInScope.split(' ').filter((part) => openIdScopes.has(part));
  return delegatedScope([...openId, `${resource}/.default`].join(' '), tenantId, apis);
}

/** Every API that a `scope` parameter names, with what is asked of it. */
export function permissionsByApi(scope: string): Map<string, string[]> {
  const byApi = new Map<string, string[]>();
  for (const part of scope.split(/\s+/).filter((name) => name !== '' && !openIdScopes.has(name))) {
    const { resource, permission } = ofResource(part);
    byApi.set(resource, [...(byApi.get(resource) ?? []), permission]);
  }
  return byApi;
}

/** The API that the first scope names which is not one of OpenID's; the text itself when it names none. */
export function resourceOfFirstScope(scope: string): string {
  const first = scope.split(/\s+/).find((part) => part !== '' && !openIdScopes.has(part));
  return first === undefined || !first.includes('/') ? scope : ofResource(first).resource;
}

function ofResource(scope: string): { resource: string; permission: string } {
  const slash = scope.lastIndexOf('/');
  if (slash < 0) return { resource: graph, permission: scope };
  return { resource: scope.slice(0, slash), permission: scope.slice(slash + 1) };
}
