import type { AccessTokenClaims } from '../entra/json-web-token.js';

/** What `pgaadauth_create_principal_with_oid` calls a principal. */
export type PrincipalType = 'user' | 'service';

/**
 * Tells a user's token from an application's, by `idtyp` where present. Else delegated permissions (`scp`) and sign-in
 * names mean a user.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
 */
export function principalTypeOf(claims: AccessTokenClaims): PrincipalType {
  if (claims['idtyp'] === 'app') return 'service';
  const isUser =
    claims['idtyp'] === 'user' || typeof claims['scp'] === 'string' || userNameOf(claims) !== undefined;
  return isUser ? 'user' : 'service';
}

/**
 * Whether a user signed in with another directory than the one that issued the token.
 *
 * @see https://learn.microsoft.com/entra/external-id/user-token
 */
export function isGuest(claims: AccessTokenClaims): boolean {
  return typeof claims['idp'] === 'string' && claims['idp'] !== claims['iss'];
}

/** The name that a user signs in with; guests have it in `unique_name` or `preferred_username` alone. */
export function userNameOf(claims: AccessTokenClaims): string | undefined {
  const names = [claims['upn'], claims['preferred_username'], claims['unique_name']];
  return names.find((name): name is string => typeof name === 'string' && name.trim() !== '');
}
