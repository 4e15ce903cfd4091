import type { AccessTokenClaims } from '../entra/json-web-token.js';

const userAssignedIdentity = /\/providers\/Microsoft\.ManagedIdentity\/userAssignedIdentities\/([^/]+)$/i;

/**
 * The name of the database role that a token's principal usually has: that of a user-assigned managed identity, else
 * the name that the user signs in with. Guests keep their `#EXT#`, and upper and lower case stay as they are, since
 * PostgreSQL tells them apart.
 *
 * @param claims the claims of a token, not necessarily of the database's
 * @returns `undefined` when the token carries no name, as tokens of system-assigned identities do
 * @see https://learn.microsoft.com/azure/postgresql/security/security-entra-concepts
 */
export function roleNameFromToken(claims: AccessTokenClaims): string | undefined {
  return (
    identityName(claims.xms_mirid) ??
    text(claims.upn) ??
    text(claims.preferred_username) ??
    text(claims.unique_name)
  );
}

/** Only a user-assigned identity: the resource id of a system-assigned one ends in the name of the machine. */
function identityName(resourceId: unknown): string | undefined {
  return typeof resourceId === 'string' ? userAssignedIdentity.exec(resourceId)?.[1] : undefined;
}

function text(claim: unknown): string | undefined {
  return typeof claim === 'string' && claim.trim() !== '' ? claim : undefined;
}
