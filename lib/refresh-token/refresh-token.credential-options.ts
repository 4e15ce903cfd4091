import type { Agent } from 'node:https';

import type { Clock } from '../common/clock.js';
import type { EntraCloud } from '../entra/clouds.js';
import type { AbortSignalLike } from '../entra/token-credential.js';
import type { RefreshTokenStore } from '../store/refresh-token-store.js';
import type { TokenResponse } from './token-response.js';

/** Version of Entra's token endpoint. */
export type TokenEndpointVersion = 'v2.0' | 'v1.0';

/** How a client secret is sent. */
export type ClientSecretMethod = 'client_secret_post' | 'client_secret_basic';

/** A refresh token, or a function that reads one when it is needed. */
export type RefreshTokenSource = string | (() => string | Promise<string>);

/** Options of `RefreshTokenCredential`. Without secret, certificate and assertion the application is a public client. */
export interface RefreshTokenCredentialOptions {
  /** GUID or domain of the tenant. */
  tenantId: string;
  /** Client id of the application that the refresh token was issued to. */
  clientId: string;
  /** Secret of the application. Give one of `clientSecret`, `clientCertificate` and `clientAssertion`, or none. */
  clientSecret?: string;
  /**
   * How the client secret is sent.
   *
   * @default 'client_secret_post'
   */
  clientAuthentication?: ClientSecretMethod;
  /** PEM with private key (RSA) and certificate, or the path of one. A file is read again for each request. */
  clientCertificate?: string;
  /** Password of the private key. */
  clientCertificatePassword?: string;
  /** Makes a client assertion, such as the federated token of a workload. Called for each request. */
  clientAssertion?: (endpoint: {
    tokenEndpoint: string;
    clientId: string;
    tenantId: string;
  }) => string | Promise<string>;
  /**
   * The national cloud; it decides the authority.
   *
   * @default 'public'
   */
  cloud?: EntraCloud;
  /** The authority to ask, an `https` URL. Default: that of `cloud`. */
  authorityHost?: string;
  /** Certificate authorities of the authority as PEM, when it is a private one. Default: those of Node. */
  certificateAuthority?: string;
  /**
   * `'v2.0'` asks for scopes, `'v1.0'` for the one resource that the scope names.
   *
   * @default 'v2.0'
   */
  endpointVersion?: TokenEndpointVersion;
  /**
   * Whether to add `offline_access` to the scopes. Without it Entra sends no new refresh token.
   *
   * @default true
   */
  offlineAccess?: boolean;
  /**
   * The first refresh token. Redeemed when the store is empty, or when the server refuses the stored one. Default: none, an
   * operator stores one.
   */
  refreshToken?: RefreshTokenSource;
  /** Keeps the refresh token. Default: in memory, so that it is lost with the process. */
  store?: RefreshTokenStore;
  /**
   * Whether access tokens are stored with the refresh token, so that replicas share one redemption.
   *
   * @default true
   */
  shareAccessTokens?: boolean;
  /**
   * What to do when the store cannot be read. `'continue'` redeems the refresh token in memory, which suits Entra: used
   * refresh tokens stay valid. `'stop'` fails, for servers that revoke the grant when a refresh token is used twice. A
   * failed write never withholds an access token: the new refresh token waits in memory.
   *
   * @default 'continue'
   */
  whenStoreFails?: 'continue' | 'stop';
  /**
   * Whether the refresh token was issued to a single-page application: it lives for 24 hours, and its successors end with
   * it. Others live for 90 days, each anew. Entra takes such a token, and no other, with an `Origin` header and from a
   * client without a secret.
   *
   * @default false
   * @see https://learn.microsoft.com/entra/identity-platform/refresh-tokens#token-lifetime
   * @see https://learn.microsoft.com/entra/identity-platform/reference-error-codes AADSTS9002327
   */
  spa?: boolean;
  /**
   * The `Origin` of the requests when `spa` is set.
   *
   * @default 'http://localhost'
   */
  origin?: string;
  /**
   * Deadline of a request, from connecting to the end of the body, in milliseconds.
   *
   * @default 10000
   */
  requestTimeoutInMs?: number;
  /**
   * Deadline of each call to the store, in milliseconds: to lock it, to read and to write. At most 5 seconds for writing,
   * since callers wait for the access token; it is retried afterwards.
   *
   * @default 10000
   */
  storeTimeoutInMs?: number;
  /**
   * How long shutdown waits for redemptions in flight and for their refresh tokens to be stored, in milliseconds.
   *
   * @default requestTimeoutInMs + storeTimeoutInMs + 5000, which is 25000
   */
  shutdownTimeoutInMs?: number;
  /**
   * An agent for a proxy. It must verify certificates: nothing is sent otherwise.
   *
   * @default the proxy that `HTTPS_PROXY` names, unless `NO_PROXY` exempts the authority host
   */
  agent?: Agent;
  /** Time and chance, for tests. Default: the machine's clock. */
  clock?: Clock;
  /**
   * Called with every accepted response, after its refresh token was stored and before its access token is returned. A
   * promise is not awaited. An error becomes a process warning.
   */
  onTokenResponse?: (response: TokenResponse) => void | Promise<void>;
}

/** What to redeem the refresh token for. */
export interface RedeemOptions {
  /** Default: what was granted at sign-in. */
  scopes?: string | string[];
  /** The claims of a challenge. */
  claims?: string;
  /** Default: the credential's tenant. */
  tenantId?: string;
  /** Takes part in Continuous Access Evaluation. Default: `false`. */
  enableCae?: boolean;
  /** Ends the caller's wait. The redemption goes on, since its response must be stored. */
  abortSignal?: AbortSignalLike;
}
