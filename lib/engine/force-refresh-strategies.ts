import type { AccessToken } from '../entra/token-credential.js';

/** The ways to call a credential. */
export interface CredentialCalls {
  /** Calls the instance in use; its cache may answer. */
  plain(): Promise<AccessToken | null>;
  /** Calls the instance in use with claims that its cache cannot satisfy. */
  withClaims(claims: string): Promise<AccessToken | null>;
  /** Makes a new instance, with an empty cache, and calls it. */
  onNewInstance(): Promise<AccessToken | null>;
}

export interface RefreshSituation {
  /** Whether a new instance of the credential can be made. */
  renewable: boolean;
  /** Whether the issuer's own refresh time of the held token has passed. */
  issuerWantsRefresh: boolean;
}

export interface ForceRefreshStrategy {
  name: string;
  applies(situation: RefreshSituation): boolean;
  call(calls: CredentialCalls): Promise<AccessToken | null>;
}

const emptyClaims = '{"access_token":{}}';

/**
 * Ways to get a *different* token out of a credential that has a cache, the cheapest first. The first one that brings a
 * better token is the last one tried.
 */
export const forceRefreshStrategies: readonly ForceRefreshStrategy[] = [
  { name: 'plain call', applies: () => true, call: (calls) => calls.plain() },
  {
    // The first call after the issuer's refresh time starts the refresh but still returns the old token.
    name: 'second plain call',
    applies: ({ issuerWantsRefresh }) => issuerWantsRefresh,
    call: (calls) => calls.plain(),
  },
  { name: 'new instance', applies: ({ renewable }) => renewable, call: (calls) => calls.onNewInstance() },
  {
    // A bare instance is bypassed by claims; managed identity ignores them and keeps returning its token.
    name: 'empty claims',
    applies: ({ renewable }) => !renewable,
    call: (calls) => calls.withClaims(emptyClaims),
  },
];
