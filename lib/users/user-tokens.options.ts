import type { Agent } from 'node:https';

import type { ClientAssertionCallback } from '../refresh-token/client-authentication/client-assertion.js';
import type { SharedCacheOptions } from './shared/shared-cache.options.js';
import type { SignInStore } from '../store/sign-ins/sign-in-store.js';

/** The application that exchanges the tokens of its callers. */
export interface UserClientOptions {
  /**
   * GUID or domain of the tenant. With `organizations` or `common`, requests go to the tenant of each user, and
   * `allowedTenants` is needed.
   */
  tenantId: string;
  /**
   * Whose users are served, where `tenantId` is `organizations` or `common`: GUIDs, or a function that tells. It is called with
   * the `tid` of a caller's token in lower case, before any request, and must answer at once.
   *
   * @see https://learn.microsoft.com/entra/identity-platform/howto-convert-app-to-be-multi-tenant
   */
  allowedTenants?: readonly string[] | ((tenantId: string) => boolean);
  /** Application (client) id of this API. */
  clientId: string;
  /** Give one of this, `clientCertificate` and `clientAssertion`. */
  clientSecret?: string;
  /** PEM with certificate and private key, or the path of such a file, which is read again once a minute at most. */
  clientCertificate?: string;
  clientCertificatePassword?: string;
  /**
   * `'managed-identity'`: the managed identity of the module's `credential`, or the machine's, as federated credential of
   * the application, which then needs no secret. Or a function that returns a signed JWT.
   *
   * @see https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity
   */
  clientAssertion?: 'managed-identity' | ClientAssertionCallback;
  /**
   * Accepted values of `aud` in the tokens of callers: the application's identifier URIs.
   *
   * @default the client id, and `api://` with the client id
   */
  audiences?: readonly string[];
  /** An `https` URL. @default that of the module's `cloud` */
  authorityHost?: string;
  /** Certificate authorities of a private authority, as PEM. */
  certificateAuthority?: string;
  /**
   * Deadline of an exchange on the wire, in milliseconds. An exchange that waits for its turn may take three times as long.
   *
   * @default 10000
   */
  requestTimeoutInMs?: number;
  /** An agent for a proxy. It must verify certificates. @default the proxy of `HTTPS_PROXY`, unless `NO_PROXY` exempts the host */
  agent?: Agent;
}

/** What callers' tokens are exchanged for. */
export interface UserResourceOptions {
  /** One scope or several of one resource, such as `User.Read` of Graph. @default those of a well-known name */
  scopes?: string | readonly string[];
  /** Asks for tokens that take part in Continuous Access Evaluation. @default false */
  enableCae?: boolean;
}

/** How much is held in memory. The users that were used least lately make room. */
export interface UserCacheOptions {
  /** Assertions whose tokens are held. A person with two devices has two. @default 100000 */
  maxUsers?: number;
  /** Size of the tokens and of what they are held in, in bytes. @default 268435456, 256 MiB */
  maxBytes?: number;
  /** A cache behind the memory, in Redis or PostgreSQL, which the replicas share. @default none: each replica fetches its own */
  shared?: SharedCacheOptions;
}

/** Where the sign-ins of users are kept. */
export interface UserSignInOptions {
  /** Keeps the refresh token of each user: a `TypeOrmSignInStore`, a `FileSignInStore`, one of them encrypted, or your own. */
  store: SignInStore;
  /**
   * Deadline of each call to the store, in milliseconds: to lock it, to read and to write. At most 5 seconds for writing a
   * successor, since callers wait for the access token; it is retried afterwards.
   *
   * @default 10000
   */
  storeTimeoutInMs?: number;
}

/** How tokens are refreshed ahead of their end. */
export interface UserRefreshOptions {
  /**
   * The most requests a second for tokens that no caller waits for yet, of this process. Requests that callers wait for count too,
   * and are never held up by it. A process with 100,000 active users needs 60.
   *
   * @default 50
   */
  maxRequestsPerSecond?: number;
  /**
   * For how long after its last use the token of a stored sign-in is refreshed in the background, in milliseconds. Then it is
   * served until it expires, and let go.
   *
   * @default 3600000, an hour
   */
  idleAfterInMs?: number;
}

/** Tokens of the users of an application: of those who call it, and of those who signed in to it. */
export interface UserTokenOptions {
  /** The registration of this application, and how it proves itself. */
  client: UserClientOptions;
  /** By a name of your choice. Well-known names, such as `graph`, need no scopes. @default none: callers ask by scopes */
  resources?: Record<string, UserResourceOptions>;
  /** How much is held in memory, and what replicas share. @default 100,000 users and 256 MiB, shared with none */
  cache?: UserCacheOptions;
  /** Needed for `adopt`, `forUser` and `beginSession`. @default none are kept */
  signIns?: UserSignInOptions;
  /** How tokens are refreshed ahead of their end. @default 50 requests a second */
  refresh?: UserRefreshOptions;
}
