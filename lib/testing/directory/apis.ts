import { EntraError } from '../errors/entra.error.js';
import { isGuid } from '../checks.js';
import { tokenExchange } from '../tokens/audiences.js';
import type { ServicePrincipal } from './service-principal.js';

/** Microsoft's own, by the domains of their identifiers; the part after the host is empty but for a few. */
const microsoftDomains = [
  ...['windows.net', 'azure.com', 'azure.net', 'azure-automation.net', 'azconfig.io', 'loganalytics.io'],
  ...['microsoft.com', 'microsoft.us', 'microsoftonline.com', 'office.com', 'office365.com', 'dynamics.com'],
  ...['sharepoint.com', 'powerbi.com', 'powerapps.com', 'visualstudio.com', 'applicationinsights.io'],
  ...['azure.us', 'usgovcloudapi.net', 'azure.cn', 'chinacloudapi.cn'],
];
const withPath = ['https://analysis.windows.net/powerbi/api', 'https://digitaltwins.azure.net/'];
const microsoftIds = [
  '00000002-0000-0000-c000-000000000000', // Azure Active Directory Graph
  '00000003-0000-0000-c000-000000000000', // Microsoft Graph
  '022907d3-0f1b-48f7-badc-1ba6abab6d66', // Azure SQL
  '123cd850-d9df-40bd-94d5-c9f07b7fa203', // Azure Database for PostgreSQL and MySQL
  '797f4846-ba00-4fd7-ba43-dac1f8f63013', // Azure Resource Manager
  'acca5fbb-b7e4-4009-81f1-37e38fd66d78', // Azure Cache for Redis
  'cfa8b339-82a2-471a-a3c9-0fc0be7a4093', // Azure Key Vault
  'e406a681-f3d4-42a8-90b6-c2b029497af1', // Azure Storage
];

/** The APIs that tokens are issued for: Microsoft's, those of the directory's own applications, and the added ones. */
export class Apis {
  private readonly added: ReadonlySet<string> | 'any';

  /** @param added - Identifiers; `any`: everything that can be one. */
  constructor(
    private readonly principals: readonly ServicePrincipal[],
    added: 'any' | readonly string[] = [],
  ) {
    this.added = added === 'any' ? 'any' : new Set(added.map(withoutSlash));
  }

  knows(resource: string): boolean {
    if (this.ownerOf(resource) !== undefined || resource === tokenExchange.identifier) return true;
    if (this.added === 'any') return isGuid(resource) || isUri(resource);
    return this.added.has(withoutSlash(resource)) || isMicrosofts(resource);
  }

  /** The application whose API it is. */
  ownerOf(resource: string): ServicePrincipal | undefined {
    const wanted = withoutSlash(resource).toLowerCase();
    return this.principals.find(({ clientId, identifierUris }) =>
      [clientId, ...identifierUris].some((identifier) => withoutSlash(identifier).toLowerCase() === wanted),
    );
  }

  /** @throws EntraError AADSTS900144 when there is none, 500011 when it is unknown */
  require(resource: string | null, tenantId: string): string {
    if (resource === null || resource.trim() === '') {
      throw new EntraError(900144, {
        description: "The request body must contain the following parameter: 'resource'.",
      });
    }
    if (this.knows(resource)) return resource;
    throw new EntraError(500011, { description: unknownResource(resource, tenantId) });
  }
}

/** The sentence of AADSTS500011. */
export function unknownResource(resource: string, tenantId: string): string {
  return `The resource principal named ${resource} was not found in the tenant named ${tenantId}. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You might have sent your authentication request to the wrong tenant.`;
}

function isMicrosofts(resource: string): boolean {
  if (microsoftIds.includes(resource.toLowerCase())) return true;
  if (!isUri(resource)) return false;
  const { protocol, hostname, pathname, search, hash } = new URL(resource);
  const trusted = microsoftDomains.some((domain) => hostname === domain || hostname.endsWith(`.${domain}`));
  const bare = /^\/*$/.test(pathname) && search === '' && hash === '';
  return protocol === 'https:' && trusted && (bare || withPath.some((known) => resource.startsWith(known)));
}

function isUri(resource: string): boolean {
  return URL.canParse(resource) && !/\s/.test(resource);
}

function withoutSlash(resource: string): string {
  return resource.replace(/\/+$/, '');
}
