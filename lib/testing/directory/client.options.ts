/** A service principal of the local Entra. It can log in in every way, as an application and as a managed identity. */
export interface ClientOptions {
  /**
   * Display name, which Azure Database for PostgreSQL uses as the role name.
   * @default 'notes-app' for the first client, 'client-2' and so on for the others
   */
  name?: string;
  /** @default the tenant of the local Entra */
  tenantId?: string;
  /** Application (client) ID. @default a fixed GUID for the first client, a random one for the others */
  clientId?: string;
  /** @default random */
  clientSecret?: string;
  /** Object ID of the service principal, `oid` in its tokens. @default as `clientId` */
  objectId?: string;
  /**
   * Whether it redeems refresh tokens without a secret, certificate or assertion: "Allow public client flows". With one
   * of these it is refused.
   * @default false
   */
  publicClient?: boolean;
  /**
   * Application permissions on Microsoft Graph that an administrator has granted, `roles` of its tokens for Graph.
   * @default none
   * @example ['Organization.Read.All']
   */
  graphPermissions?: readonly string[];
}
