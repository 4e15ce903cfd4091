import type { ServicePrincipal } from '../directory/service-principal.js';

/** `aud` of tokens for Microsoft Graph, of every cloud; Graph accepts its own application ID and a trailing slash. */
export const graphAudiences: readonly string[] = [
  '00000003-0000-0000-c000-000000000000',
  ...withAndWithoutSlash(
    'https://graph.microsoft.com',
    'https://graph.microsoft.us',
    'https://microsoftgraph.chinacloudapi.cn',
  ),
];

/** `aud` of tokens for Azure Database for PostgreSQL and MySQL, of every cloud. */
export const databaseAudiences: readonly string[] = withAndWithoutSlash(
  'https://ossrdbms-aad.database.windows.net',
  'https://ossrdbms-aad.database.usgovcloudapi.net',
  'https://ossrdbms-aad.database.chinacloudapi.cn',
);

/** `aud` of tokens for Azure Managed Redis and Azure Cache for Redis. */
export const redisAudiences: readonly string[] = withAndWithoutSlash('https://redis.azure.com');

/** The API whose tokens of managed identities are federated credentials, and its application ID: `aud` of its tokens. */
export const tokenExchange = {
  identifier: 'api://AzureADTokenExchange',
  applicationId: 'fb60f99c-7a34-4190-8149-302f77469936',
} as const;

function withAndWithoutSlash(...origins: string[]): string[] {
  return origins.flatMap((origin) => [origin, `${origin}/`]);
}

/** `roles` of an application's token: what it was granted on that API. Without any the claim is absent. */
export function applicationRoles(
  { graphPermissions }: ServicePrincipal,
  audience: string,
): { roles?: readonly string[] } {
  const granted = graphPermissions.length > 0 && graphAudiences.includes(audience);
  return granted ? { roles: graphPermissions } : {};
}
