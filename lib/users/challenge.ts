/** Where the user of a client signs in. Without the tenant in `realm`, the authority is one for every tenant. */
export interface SignInPlace {
  readonly realm: string;
  readonly authorizationUri: string;
  readonly clientId: string;
}

const tenantGroups = ['common', 'organizations'];

/** The place where users of an application sign in. */
export function signInPlace(authorityHost: string, tenantId: string, clientId: string): SignInPlace {
  return {
    realm: tenantGroups.includes(tenantId) ? '' : tenantId,
    authorizationUri: `${authorityHost}/${tenantId}/oauth2/v2.0/authorize`,
    clientId,
  };
}

/** Whether requests go to the tenant of each user. */
export function isTenantGroup(tenantId: string): boolean {
  return tenantGroups.includes(tenantId);
}

/**
 * Makes the value of a `WWW-Authenticate` header.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/claims-challenge#claims-challenge-header-format
 */
export function bearerChallenge(
  { realm, authorizationUri, clientId }: SignInPlace,
  error: string,
  claims?: string,
): string {
  const parameters = [
    ['realm', realm],
    ['authorization_uri', authorizationUri],
    ['client_id', clientId],
    ['error', error],
    ...(claims === undefined ? [] : [['claims', Buffer.from(claims).toString('base64')]]),
  ];
  return `Bearer ${parameters.map(([name, value]) => `${name}="${value}"`).join(', ')}`;
}
