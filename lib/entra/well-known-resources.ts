import type { EntraCloud } from './clouds.js';
import { isTenantGuid } from './tenant.js';
import type { TokenExpectations } from './token-validation.js';

interface WellKnownResource {
  /** The resource's identifier in each cloud; its scope is `<identifier>/.default`. */
  identifier: Record<EntraCloud, string>;
  /** Set for databases: other values of `aud` that their server accepts. Their tokens are checked before use. */
  alsoAccepted?: readonly string[];
}

const everywhere = (identifier: string): Record<EntraCloud, string> => ({
  public: identifier,
  usgov: identifier,
  china: identifier,
});

// The application id of Azure's open-source databases, which some issuers put into `aud` in place of the identifier.
const openSourceDatabases: WellKnownResource = {
  identifier: {
    public: 'https://ossrdbms-aad.database.windows.net',
    usgov: 'https://ossrdbms-aad.database.usgovcloudapi.net',
    china: 'https://ossrdbms-aad.database.chinacloudapi.cn',
  },
  alsoAccepted: ['123cd850-d9df-40bd-94d5-c9f07b7fa203'],
};

/**
 * Resources that need no scopes in the options.
 *
 * @see https://learn.microsoft.com/azure/postgresql/flexible-server/how-to-configure-sign-in-azure-ad-authentication
 * @see https://learn.microsoft.com/azure/mysql/flexible-server/security-entra-authentication
 * @see https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/managed-identities-status
 * @see https://learn.microsoft.com/graph/deployments
 */
const wellKnownResources: Readonly<Record<string, WellKnownResource>> = {
  postgres: openSourceDatabases,
  mysql: openSourceDatabases,
  graph: {
    identifier: {
      public: 'https://graph.microsoft.com',
      usgov: 'https://graph.microsoft.us',
      china: 'https://microsoftgraph.chinacloudapi.cn',
    },
  },
  sql: {
    identifier: {
      public: 'https://database.windows.net',
      usgov: 'https://database.usgovcloudapi.net',
      china: 'https://database.chinacloudapi.cn',
    },
  },
  keyvault: {
    identifier: {
      public: 'https://vault.azure.net',
      usgov: 'https://vault.usgovcloudapi.net',
      china: 'https://vault.azure.cn',
    },
  },
  management: {
    identifier: {
      public: 'https://management.azure.com',
      usgov: 'https://management.usgovcloudapi.net',
      china: 'https://management.chinacloudapi.cn',
    },
  },
  redis: { identifier: everywhere('https://redis.azure.com') },
  storage: { identifier: everywhere('https://storage.azure.com') },
};

export const wellKnownResourceNames: readonly string[] = Object.keys(wellKnownResources);

/** Returns the scope of a well-known resource; `undefined` for another name. */
export function wellKnownScope(name: string, cloud: EntraCloud): string | undefined {
  const resource = Object.hasOwn(wellKnownResources, name) ? wellKnownResources[name] : undefined;
  return resource === undefined ? undefined : `${resource.identifier[cloud]}/.default`;
}

/** Returns the values of `aud` that a database accepts in a token of this scope; `undefined` for other resources. */
export function databaseAudiences(scope: string, cloud: EntraCloud): readonly string[] | undefined {
  for (const { identifier, alsoAccepted } of Object.values(wellKnownResources)) {
    if (alsoAccepted !== undefined && scope === `${identifier[cloud]}/.default`) {
      return [identifier[cloud], ...alsoAccepted];
    }
  }
  return undefined;
}

const nothingExpected: TokenExpectations = { audiences: undefined, tenantId: undefined };

/** What a token for these scopes must satisfy. Only tokens of databases are checked beyond their times. */
export function expectationsOf(
  scopes: readonly string[],
  tenantId: string | undefined,
  cloud: EntraCloud,
): TokenExpectations {
  const audiences = scopes[0] === undefined ? undefined : databaseAudiences(scopes[0], cloud);
  if (audiences === undefined) return nothingExpected;
  return { audiences, tenantId: isTenantGuid(tenantId) ? tenantId : undefined };
}
