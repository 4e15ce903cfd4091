import type { AccessTokenClaims } from '../token/json-web-token.js';

/** What `pgaadauth_create_principal_with_oid` calls a principal. */
export type PrincipalType = 'user' | 'service';

/**
 * What kind of principal a token is for. `idtyp` says it where it is there; else delegated permissions (`scp`) are a
 * user's, and applications have none.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
 */
export function principalTypeOf({ idtyp, scp, upn }: AccessTokenClaims): PrincipalType {
  if (idtyp === 'app') return 'service';
  return idtyp === 'user' || typeof scp === 'string' || typeof upn === 'string' ? 'user' : 'service';
}
