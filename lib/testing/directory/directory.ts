import { EntraError } from '../errors/entra.error.js';
import { isGuid } from '../checks.js';
import type { ServicePrincipal } from './service-principal.js';

const selectorNames = [
  ...['client_id', 'clientid', 'object_id', 'principal_id'],
  ...['mi_res_id', 'msi_res_id'],
];
const domainName = /^(?=.{1,253}$)[a-z0-9-]+(\.[a-z0-9-]+)+$/i;

/** Whether a path means several tenants. */
export function isTenantGroup(named: string): boolean {
  return named === 'common' || named === 'organizations';
}

/** The tenants and service principals that the local Entra knows. */
export class Directory {
  /** @param domains - Domain names in lower case, each with the ID of its tenant. */
  constructor(
    readonly principals: readonly ServicePrincipal[],
    private readonly domains: ReadonlyMap<string, string> = new Map(),
    /** Whether the first principal is the system-assigned identity. */
    readonly systemAssigned = true,
  ) {}

  /**
   * The ID of the tenant that a path names by ID or domain.
   *
   * @throws EntraError AADSTS90002 when there is none, 900023 when there can be none
   */
  requireTenant(named: string): string {
    const tenantId = this.domains.get(named.toLowerCase()) ?? named;
    const found = this.principals.find((principal) => same(principal.tenantId, tenantId));
    if (found !== undefined) return found.tenantId;
    if (!isGuid(named) && !domainName.test(named)) {
      throw new EntraError(900023, {
        description: `Specified tenant identifier '${named}' is neither a valid DNS name, nor a valid external domain.`,
      });
    }
    throw new EntraError(90002, {
      description: `Tenant '${named}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.`,
    });
  }

  /**
   * As {@link requireTenant}, but for a request of a client, who may name no tenant of his own.
   *
   * @throws EntraError AADSTS50194 when the client is of one tenant
   */
  requireTenantFor(named: string, clientId: string | null): string {
    if (!isTenantGroup(named)) return this.requireTenant(named);
    const client = this.principals.find((principal) => same(principal.clientId, clientId ?? ''));
    if (client === undefined) return this.requireClient(named, clientId ?? '').tenantId;
    if (client.multiTenant) return client.tenantId;
    throw new EntraError(50194, {
      description: `Application '${client.clientId}'(${client.name}) is not configured as a multi-tenant application. Usage of the /${named} endpoint is not supported for such apps created after '10/15/2018'. Use a tenant-specific endpoint or configure the application to be multi-tenant.`,
    });
  }

  /** @throws EntraError AADSTS700016 */
  requireClient(tenantId: string, clientId: string): ServicePrincipal {
    const found = this.principals.find(
      (principal) => same(principal.clientId, clientId) && same(principal.tenantId, tenantId),
    );
    if (found !== undefined) return found;
    throw new EntraError(700016, {
      description: `Application with identifier '${clientId}' was not found in the directory '${tenantId}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.`,
    });
  }

  /** Whether the request names a managed identity. */
  namesIdentity(query: URLSearchParams): boolean {
    return selectorNames.some((name) => query.has(name));
  }

  /**
   * The managed identity that a request selects: by client, object or resource ID, in the spellings of IMDS and App
   * Service; without a selection the first client, as the system-assigned one.
   */
  managedIdentity(query: URLSearchParams): ServicePrincipal | undefined {
    const selectors = [
      ['clientId', query.get('client_id') ?? query.get('clientid')],
      ['objectId', query.get('object_id') ?? query.get('principal_id')],
      ['resourceId', query.get('mi_res_id') ?? query.get('msi_res_id')],
    ] as const;
    return this.principals.find((principal) =>
      selectors.every(([property, wanted]) => wanted === null || same(principal[property], wanted)),
    );
  }
}

function same(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
