import type { Agent } from 'node:https';

import type { Clock } from '../common/clock.js';
import type { EntraCloud } from '../entra/clouds.js';
import type { AbortSignalLike } from '../entra/token-credential.js';
import type { RefreshTokenStore } from '../store/refresh-token-store.js';
import type { TokenResponse } from './token-response.js';

/** Which form of Entra's token endpoint to ask. */
export type TokenEndpointVersion = 'v2.0' | 'v1.0';

/** How a client secret is sent. */
export type ClientSecretMethod = 'client_secret_post' | 'client_secret_basic';

/** A refresh token, or what reads one whenever it is needed. */
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
   * Whether to add `offline_access` to the scopes. Entra sends a new refresh token only to whoever asks for it.
   *
   * @default true
   */
  offlineAccess?: boolean;
  /**
   * The refresh token to begin with. What the store holds comes first: this one is redeemed when the store is empty, or
   * when the server refuses the stored one. Default: none, somebody puts one into the store.
   */
  refreshToken?: RefreshTokenSource;
  /** Where the refresh token lives. Default: in memory, so that it is lost with the process. */
  store?: RefreshTokenStore;
  /**
   * Whether access tokens are stored beside the refresh token, so that replicas redeem it once and not once each.
   *
   * @default true
   */
  shareAccessTokens?: boolean;
  /**
   * What to do when the store cannot be read. `'continue'` redeems the refresh token that is in memory, which suits Entra:
   * it leaves used refresh tokens valid. `'stop'` fails instead, for servers that revoke everything when a refresh token
   * is used twice. Failing to write never withholds an access token: the new refresh token waits in memory.
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
   * How long a request may take, connecting, headers and body together, in milliseconds.
   *
   * @default 10000
   */
  requestTimeoutInMs?: number;
  /**
   * How long to wait for the store, in milliseconds: to have it for oneself, to read and to write it, each. For writing
   * it is 5 seconds at most, since whoever waits for the access token waits with it; it is tried again afterwards.
   *
   * @default 10000
   */
  storeTimeoutInMs?: number;
  /**
   * How long shutdown waits for redemptions under way and for their refresh tokens to be stored, in milliseconds: a server
   * that takes each refresh token once has replaced it by then.
   *
   * @default requestTimeoutInMs + storeTimeoutInMs + 5000, which is 25000
   */
  shutdownTimeoutInMs?: number;
  /**
   * For a proxy of your own. It must verify certificates: nothing is sent through one that does not.
   *
   * @default the proxy that `HTTPS_PROXY` names, unless `NO_PROXY` exempts the authority host
   */
  agent?: Agent;
  /** Time and chance, for tests. Default: the machine's clock. */
  clock?: Clock;
  /**
   * Called with every response that was accepted, after it was stored and before its access token is handed out, which
   * does not wait for a promise. What it throws becomes a process warning.
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
  /** Ends the caller's wait. The redemption goes on, since its answer must be stored. */
  abortSignal?: AbortSignalLike;
}
