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
   * Where people come back to after the sign-in: redirect URIs of a web application or, with `publicClient`, of a mobile
   * or desktop one. `http://localhost` and `http://127.0.0.1` match with every port, anything else only exactly.
   * @default ['http://localhost']
   */
  redirectUris?: readonly string[];
  /** The same of a single-page application: its codes and refresh tokens are redeemed with an `Origin`. @default none */
  spaRedirectUris?: readonly string[];
  /** Application ID URIs, by which others ask for tokens of its API. @default `api://` and the client ID */
  identifierUris?: readonly string[];
  /**
   * Version of the tokens for its API. Those of version 2.0 have its client ID as audience, and the issuer that the
   * version 2.0 discovery tells.
   * @default 1
   */
  accessTokenVersion?: 1 | 2;
  /** Whether it is known in every tenant: then `common` and `organizations` lead to its own. @default false */
  multiTenant?: boolean;
  /**
   * Delegated permissions that an administrator has consented to for everybody, each with its API. People add to them by
   * what they sign in for. A request for others is refused with AADSTS65001; with `any` none is.
   * @default `User.Read` of Graph, and `user_impersonation` of Azure Database for PostgreSQL
   * @example ['https://graph.microsoft.com/Mail.Read']
   */
  delegatedPermissions?: readonly string[] | 'any';
  /**
   * Managed identities, by object ID, whose tokens for `api://AzureADTokenExchange` are federated credentials of the
   * application.
   * @default none
   */
  managedIdentities?: readonly string[];
  /**
   * Application permissions on Microsoft Graph that an administrator has granted, `roles` of its tokens for Graph.
   * @default none
   * @example ['Organization.Read.All']
   */
  graphPermissions?: readonly string[];
}
