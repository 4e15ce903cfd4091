/** The claims of an access token that passed every check; times in seconds since 1970. */
export interface VerifiedClaims {
  /** The API that the token is for. */
  aud: string;
  /** `https://sts.windows.net/{tenant}/`, as in every version 1.0 token. */
  iss: string;
  /** When it was issued, in seconds since the Unix epoch. */
  iat: number;
  /** When it begins to be valid, in seconds since the Unix epoch. */
  nbf: number;
  /** When it expires, in seconds since the Unix epoch. */
  exp: number;
  /** The client (application) that asked for the token. */
  appid?: string;
  /** The object ID of the principal: what Azure Database for PostgreSQL matches a role by. */
  oid: string;
  /** The tenant that issued the token. */
  tid: string;
  [claim: string]: unknown;
}

/** What a token must be good for. */
export interface TokenExpectation {
  /** Accepted values of `aud`. */
  audience: string | readonly string[];
  /** Accepted values of `tid`. @default the tenant of the local Entra */
  tenantId?: string | readonly string[];
}
