/** What a token must be good for. */
export interface TokenExpectation {
  /** Accepted values of `aud`. */
  audience: string | readonly string[];
  /** Accepted values of `tid`. @default the tenant of the local Entra */
  tenantId?: string | readonly string[];
}
