import type { RefreshTokenStore, StoredUser } from '../store/refresh-token-store.js';
import type { ClientAuthentication } from './client-authentication/client-authentication.js';
import type { Transport } from './post-form.js';
import type { RefreshTokenSource, TokenEndpointVersion } from './refresh-token.credential-options.js';
import type { TokenResponse } from './token-response.js';

/** The options of the credential after defaults and checks. */
export interface RefreshTokenSettings {
  readonly tenantId: string;
  readonly clientId: string;
  readonly authorityHost: string;
  readonly endpointVersion: TokenEndpointVersion;
  readonly offlineAccess: boolean;
  readonly authentication: ClientAuthentication;
  readonly transport: Transport;
  readonly initial: RefreshTokenSource | undefined;
  readonly store: RefreshTokenStore;
  readonly storeTimeoutInMs: number;
  readonly shutdownTimeoutInMs: number;
  readonly shareAccessTokens: boolean;
  readonly stopWhenStoreFails: boolean;
  readonly spa: boolean;
  /** Throws for the sign-in of a user who is not served: neither it nor an access token that is stored along is used. */
  readonly checkStored?: (user: StoredUser | undefined) => void;
  /** Throws for the response to another user's request: nothing of it is stored. */
  readonly checkUser?: (response: TokenResponse, user: StoredUser | undefined) => void;
  readonly onTokenResponse: ((response: TokenResponse) => void | Promise<void>) | undefined;
}
