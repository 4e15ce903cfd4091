import type { LocalGroup } from './directory/groups.js';
import type { LocalUser } from './directory/people.js';
import type { LocalClient } from './directory/file-backed.client.js';
import type { EnvironmentKind } from './environment.js';
import type { Faults } from './faults/faults.js';
import type { LocalCredential } from './in-process.credential.js';
import type { LocalPostgres } from './postgres/index.js';
import type { LocalRedis } from './redis/index.js';
import type { RefreshTokens } from './refresh-tokens/refresh-tokens.js';
import type { SignIns } from './sign-ins/sign-ins.js';
import type { RequestCounters } from './requests/request.counters.js';
import type { HandMadeToken } from './tokens/hand-made-token.js';
import type { TokenExpectation, VerifiedClaims } from './tokens/verified-token.js';
import type { TokenLifetime } from './tokens/token-lifetime.js';

/**
 * Microsoft Entra ID on this machine: a real HTTPS authority with its managed-identity endpoints, a Graph that checks
 * tokens and, if asked for, a PostgreSQL that does. Credentials of `@azure/identity` need `authorityHost`,
 * `disableInstanceDiscovery: true` and `tlsOptions: { ca: certificateAuthority }`.
 */
export interface LocalEntra extends AsyncDisposable {
  /** Id of the tenant. */
  readonly tenantId: string;
  /** The first service principal. */
  readonly client: LocalClient;
  /** The other service principals, in the order of the options. */
  readonly additionalClients: readonly LocalClient[];

  /** `https://localhost:<port>`; by this name and no other, or MSAL refuses the issuer. */
  readonly authorityHost: string;
  /** Certificate of the CA that signed every server certificate, as PEM: for `tlsOptions.ca` and `ssl.ca` of `pg`. */
  readonly certificateAuthority: string;
  /** The same as a file, for `NODE_EXTRA_CA_CERTS`. Written when first read. */
  readonly certificateAuthorityFile: string;
  /**
   * Base address of a Microsoft Graph that answers `GET` of `/me`, `/users`, `/organization` and `/servicePrincipals` to
   * those who may, and refuses tokens as the real one does.
   */
  readonly graphUrl: string;
  /** Base address of the Instance Metadata Service, for `AZURE_POD_IDENTITY_AUTHORITY_HOST`. */
  readonly imdsUrl: string;
  /** Values for `IDENTITY_ENDPOINT` and `IDENTITY_HEADER`. */
  readonly appService: { readonly endpoint: string; readonly header: string };
  /** The database server. @throws Error when the local Entra was started without one */
  readonly postgres: LocalPostgres;
  /** The Redis. @throws Error when the local Entra was started without one */
  readonly redis: LocalRedis;

  /** How long tokens issued from now on are valid. */
  tokenLifetimeInSeconds: TokenLifetime;
  /** `refresh_in` of responses from now on; `undefined` leaves it out. */
  refreshInSeconds: number | undefined;
  /**
   * The authentication context that Graph requires of a token, such as `c1`; tokens without it are refused, with a claims
   * challenge when their client declared `cp1`. A request for a token gets it by its `claims`. `undefined`, as at the
   * start: none.
   */
  graphAuthenticationContext: string | undefined;
  /** Status of that refusal: Graph sends either. @default 401 */
  graphChallengeStatus: 401 | 403;
  /** How long requests that arrive from now on wait for their answer. */
  latencyInMs: number;
  /** Has endpoints fail. */
  readonly faults: Faults;
  /** How often each endpoint was asked. */
  readonly requests: RequestCounters;
  /** Issues refresh tokens, ends them, and tells what has become of them. */
  readonly refreshTokens: RefreshTokens;
  /** Signs people in: the authorization endpoint, device codes, on-behalf-of. */
  readonly signIns: SignIns;
  /** The people of the tenant so far. */
  readonly users: readonly LocalUser[];
  /** The groups of the tenant. */
  readonly groups: readonly Required<LocalGroup>[];

  /**
   * What a process needs in its environment; with a database, `DATABASE_URL` too. A process can have one managed-identity
   * source only. Credentials other than managed identity also need what no variable can tell them:
   * `disableInstanceDiscovery: true`, which `{ kind: 'default', certificateAuthority }` of the module implies.
   *
   * @param client - Who logs in; managed identities are selected in the request instead. Default: the first client.
   */
  environment(kind: EnvironmentKind, client?: LocalClient): Record<string, string>;
  /**
   * A credential that asks the token endpoint within the process, with its faults and counters but without a socket. With
   * a `ManualClock` it is the only one whose answers arrive before the clock moves on.
   *
   * @param client - Who logs in, by its secret. Default: the first client.
   */
  credential(client?: LocalClient): LocalCredential;
  /**
   * Writes a new assertion to the client's `federatedTokenFile`, as the platform does at 80 % of its life.
   *
   * @param client - Default: the first client.
   */
  renewFederatedToken(client?: LocalClient): void;
  /**
   * Signs tokens with a new key from now on. The JWKS lists the older ones as well.
   *
   * @param options.withdraw - Takes the older ones away: their tokens are refused. Default: false.
   */
  rotateKeys(options?: { withdraw?: boolean }): void;
  /**
   * Has Graph answer one client with 429 and `Retry-After` until that time has passed.
   *
   * @param client - Default: the first client.
   * @throws RangeError
   * @see https://learn.microsoft.com/graph/throttling
   */
  throttleGraph(retryAfterInSeconds: number, client?: LocalClient): void;
  /**
   * Revokes what a person or an application was given so far. Their refresh tokens are AADSTS50173. Graph answers earlier tokens
   * with a claims challenge, if their client declared `cp1`; other tokens are good until they expire.
   *
   * @see https://learn.microsoft.com/graph/api/user-revokesigninsessions
   */
  revokeSessions(principal: { readonly objectId: string }): void;
  /**
   * Has this process's calls of Microsoft Graph answered by the local one: the global `fetch` leads
   * `https://graph.microsoft.com`, and the hosts of the other clouds, to `graphUrl`, and trusts its certificate. Everything
   * else goes where it went. Ends when it is disposed of, and with `stop()`.
   */
  interceptGraph(): Disposable;
  /** Makes a token that no endpoint would issue. */
  issueToken(wanted: HandMadeToken): string;
  /**
   * Checks signature, tenant, audience and times of an access token, without any tolerance.
   *
   * @throws TokenRefusedError
   */
  verifyToken(token: string, expected: TokenExpectation): VerifiedClaims;
  /** Closes every connection, also hung ones, and removes every file. May be called more than once. */
  stop(): Promise<void>;
}
