import { EntraError } from '../errors/entra.error.js';
import { permissionsByApi } from '../tokens/delegated-scope.js';
import type { LocalUser } from './people.js';
import type { ServicePrincipal } from './service-principal.js';

/** What an application was granted to do for a person on an API. */
export interface GrantedPermissions {
  /** What `.default` stands for. */
  readonly all: readonly string[];
  includes(permission: string): boolean;
}

/** Delegated permissions: those that an administrator gave to an application, and those that people agreed to. */
export class Consents {
  private readonly ofPeople = new Map<string, Set<string>>();

  private add(user: LocalUser, clientId: string, resource: string, permissions: readonly string[]): void {
    const key = keyOf(user, clientId, resource);
    const known = this.ofPeople.get(key) ?? new Set();
    for (const permission of permissions) if (permission !== '.default') known.add(permission);
    this.ofPeople.set(key, known);
  }

  /** Notes what a person agrees to by signing in with this `scope`. */
  addScope(user: LocalUser, clientId: string, scope: string): void {
    for (const [resource, permissions] of permissionsByApi(scope)) {
      this.add(user, clientId, resource, permissions);
    }
  }

  /** What the application may do for this person. */
  of(user: LocalUser, client: ServicePrincipal, resource: string): GrantedPermissions {
    const own = [...(this.ofPeople.get(keyOf(user, client.clientId, resource)) ?? [])];
    const { delegatedPermissions } = client;
    if (delegatedPermissions === 'any') {
      const usual = isGraph(resource) ? 'User.Read' : 'user_impersonation';
      return { all: own.length > 0 ? own : [usual], includes: () => true };
    }
    const prefix = `${withoutSlash(resource)}/`;
    const ofAdministrator = delegatedPermissions
      .filter((scope) => scope.startsWith(prefix))
      .map((scope) => scope.slice(prefix.length));
    const all = [...new Set([...ofAdministrator, ...own])];
    return { all, includes: (permission) => all.includes(permission) };
  }
}

/** @throws EntraError AADSTS65001, as every request for a permission without consent */
export function consentMissing({ clientId, name }: ServicePrincipal): EntraError {
  return new EntraError(65001, {
    description: `The user or administrator has not consented to use the application with ID '${clientId}' named '${name}'. Send an interactive authorization request for this user and resource.`,
  });
}

function isGraph(resource: string): boolean {
  return withoutSlash(resource) === 'https://graph.microsoft.com';
}

function keyOf(user: LocalUser, clientId: string, resource: string): string {
  return `${user.objectId} ${clientId} ${withoutSlash(resource)}`.toLowerCase();
}

function withoutSlash(resource: string): string {
  return resource.replace(/\/+$/, '');
}
