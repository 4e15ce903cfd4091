import { createHash } from 'node:crypto';
import { exampleHomeTenantId, isGuest, nameAtHome, type LocalUser } from '../directory/people.js';
import { backdatedBySeconds } from './access-token.claims.js';

/** Who the ID token speaks of, and to whom. */
export interface IdTokenContent {
  user: LocalUser;
  clientId: string;
  tenantId: string;
  /** `iss`; of the local Entra's own host in version 2.0, where OpenID Connect discovery leads. */
  issuer: string;
  version: '1.0' | '2.0';
  nonce: string | undefined;
  /** Seconds since 1970. */
  now: number;
}

const idTokenLifetimeInSeconds = 3600;

/**
 * The claims in which the access token of a user differs from an application's.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
 */
export function delegatedClaims(
  user: LocalUser,
  clientId: string,
  permissions: readonly string[],
): Record<string, unknown> {
  return {
    acr: '1',
    amr: ['pwd'],
    idtyp: 'user',
    name: user.name,
    oid: user.objectId,
    scp: permissions.join(' '),
    sub: pairwiseSubject(user, clientId),
    ...nameClaims(user),
  };
}

/** The names of a member of the tenant, or of a guest: hers are those of her own tenant. */
function nameClaims(user: LocalUser): Record<string, unknown> {
  const { userPrincipalName, homeTenantId = exampleHomeTenantId } = user;
  if (!isGuest(user)) return { idp: undefined, unique_name: userPrincipalName, upn: userPrincipalName };
  const email = nameAtHome(user);
  return { idp: `https://sts.windows.net/${homeTenantId}/`, email, unique_name: email };
}

/** @see https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference */
export function idTokenClaims(content: IdTokenContent): Record<string, unknown> {
  const { user, clientId, tenantId, issuer, version, nonce, now } = content;
  const names = version === '1.0' ? nameClaims(user) : { preferred_username: nameAtHome(user) };
  return {
    aud: clientId,
    iss: issuer,
    iat: now - backdatedBySeconds,
    nbf: now - backdatedBySeconds,
    exp: now + idTokenLifetimeInSeconds,
    name: user.name,
    nonce,
    oid: user.objectId,
    ...names,
    sub: pairwiseSubject(user, clientId),
    tid: tenantId,
    ver: version,
  };
}

// Another one for each application, so that they cannot compare their users.
function pairwiseSubject(user: LocalUser, clientId: string): string {
  return createHash('sha256').update(`${clientId} ${user.objectId}`).digest('base64url');
}
