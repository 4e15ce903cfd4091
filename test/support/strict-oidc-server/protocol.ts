/** How the clients of the server prove who they are. */
export type StrictClientKind = 'post' | 'basic' | 'privateKeyJwt' | 'public';

/** A client of the server, with what it needs to prove itself. */
export interface StrictClient {
  clientId: string;
  /** Of `post` and `basic`. */
  clientSecret?: string;
  /** Of `privateKeyJwt`: private key and certificate as PEM, one after the other. */
  certificatePem?: string;
}

/** What the server sends once it listens. */
export interface StrictServerAddress {
  authorityHost: string;
  tenantId: string;
  /** PEM of the CA that signed the server's certificate. */
  certificateAuthority: string;
  clients: Readonly<Record<StrictClientKind, StrictClient>>;
}

/** What has become of the refresh tokens. */
export interface StrictServerStatistics {
  /** Successful `refresh_token` requests. */
  redemptions: number;
  /** Refused requests at the token endpoint. */
  refusals: number;
  /** Grants that were revoked since a used refresh token came again. */
  reuseRevocations: number;
}

export type StrictServerQuestion =
  | { kind: 'address' }
  | { kind: 'issue'; client: StrictClientKind; scopes: readonly string[] }
  | { kind: 'accepts'; token: string }
  | { kind: 'revoke'; token: string }
  | { kind: 'statistics' };

/** What a test may ask of the server when it starts. */
export interface StrictServerSettings {
  /** @default 3600 */
  accessTokenLifetimeInSeconds?: number;
  /** @default 7776000, 90 days */
  refreshTokenLifetimeInSeconds?: number;
}
