import type { ClientCertificate } from '../certificates/client-certificate.js';

/** An application or managed identity of the local directory. */
export interface ServicePrincipal {
  /** Display name; Azure Database for PostgreSQL names the role after it. */
  name: string;
  tenantId: string;
  clientId: string;
  clientSecret: string;
  objectId: string;
  /** Whether its client ID is enough to redeem a refresh token. */
  publicClient: boolean;
  /** Redirect URIs of a web, mobile or desktop application. */
  redirectUris: readonly string[];
  spaRedirectUris: readonly string[];
  /** Application ID URIs. */
  identifierUris: readonly string[];
  /** Of the tokens for its API. */
  accessTokenVersion: 1 | 2;
  multiTenant: boolean;
  /** What an administrator has consented to, each with its API. */
  delegatedPermissions: readonly string[] | 'any';
  /** Object IDs of the managed identities that it trusts. */
  managedIdentities: readonly string[];
  /** Application permissions on Graph. */
  graphPermissions: readonly string[];
  /** Azure resource ID when it acts as a user-assigned managed identity. */
  resourceId: string;
  /** Made on the first call. */
  certificate: () => ClientCertificate;
}
