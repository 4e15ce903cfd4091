import { EntraError } from '../errors/entra.error.js';
import { requireResource } from './resource.js';

const graph = 'https://graph.microsoft.com';
const openIdScopes: ReadonlySet<string> = new Set(['openid', 'profile', 'email', 'offline_access']);

/** What a request asks for in the name of a user. */
export interface DelegatedScope {
  /** The API, `aud` of the access token. */
  resource: string;
  /** `scp` of the access token. */
  permissions: readonly string[];
  /** `scope` of a version 2.0 response. */
  granted: readonly string[];
  /** Whether an ID token is asked for. */
  openId: boolean;
  /** Whether a new refresh token is asked for. */
  offlineAccess: boolean;
}

/**
 * Reads a `scope` parameter. Of several APIs the first one is meant; what names none is a permission of Graph.
 *
 * @throws EntraError AADSTS70011 or 500011
 * @see https://learn.microsoft.com/entra/identity-platform/scopes-oidc
 */
export function delegatedScope(scope: string, tenantId: string): DelegatedScope {
  const all = scope.split(/\s+/).filter((part) => part !== '');
  const openId = all.filter((part) => openIdScopes.has(part));
  const [first, ...others] = all.filter((part) => !openIdScopes.has(part)).map(ofResource);
  if (first === undefined) return fromResource(graph, all);
  if (others.length > 0 && [first, ...others].some(({ permission }) => permission === '.default')) {
    throw new EntraError(70011, {
      description: `The provided request must include a 'scope' input parameter. The provided value for the input parameter 'scope' is not valid. .default scope can't be combined with resource-specific scopes.`,
    });
  }
  requireResource(first.resource, tenantId);
  const wanted = [first, ...others].filter(({ resource }) => resource === first.resource);
  return fromResource(first.resource, [...openId, ...wanted.map(({ permission }) => permission)]);
}

/** What a `resource` parameter asks for, with the OpenID scopes of the sign-in. @throws EntraError AADSTS500011 */
export function delegatedResource(resource: string, signInScope: string, tenantId: string): DelegatedScope {
  const openId = signInScope.split(' ').filter((part) => openIdScopes.has(part));
  return delegatedScope([...openId, `${resource}/.default`].join(' '), tenantId);
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

function fromResource(resource: string, names: readonly string[]): DelegatedScope {
  const openId = names.filter((name) => openIdScopes.has(name));
  const permissions = names.filter((name) => !openIdScopes.has(name) && name !== '.default');
  // What an administrator has consented to.
  if (permissions.length === 0) permissions.push(resource === graph ? 'User.Read' : 'user_impersonation');
  const named = names.includes('.default') ? [...permissions, '.default'] : permissions;
  return {
    resource,
    permissions,
    granted: [
      ...openId.filter((name) => name !== 'offline_access'),
      ...named.map((name) => `${resource}/${name}`),
    ],
    openId: openId.includes('openid'),
    offlineAccess: openId.includes('offline_access'),
  };
}
