/** A signed access token and what a response says about it. */
export interface IssuedToken {
  token: string;
  audience: string;
  /** Seconds since 1970, as the client is told; a fault may make the token itself end earlier. */
  expiresOn: number;
  notBefore: number;
}
