import type { ClientAuthenticator } from '../client-authentication/client.authenticator.js';
import type { AuthenticatedClient } from '../client-authentication/client-authentication.js';
import { requireParameter, type TokenRequest } from '../client-authentication/token-request.js';
import { asGuest, type LocalUser } from '../directory/people.js';
import type { ServicePrincipal } from '../directory/service-principal.js';
import { EntraError } from '../errors/entra.error.js';
import type { GrantFault } from '../faults/fault.js';
import type { SignInRecord } from '../refresh-tokens/refresh-token.record.js';
import type { RefreshTokenRegistry } from '../refresh-tokens/refresh-token.registry.js';
import { delegatedResource, delegatedScope, type DelegatedScope } from '../tokens/delegated-scope.js';
import type { Grant } from './grant.js';
import type { UserTokens } from './user-tokens.js';

/**
 * A token for a user who signed in earlier.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-6
 * @see https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow#refresh-the-access-token
 */
export class RefreshTokenGrant implements Grant {
  readonly type = 'refresh_token';

  constructor(
    private readonly authenticator: ClientAuthenticator,
    private readonly refreshTokens: RefreshTokenRegistry,
    private readonly userTokens: UserTokens,
  ) {}

  respond(request: TokenRequest): Record<string, unknown> {
    const { parameters, version, grantFault } = request;
    const client = this.client(request, parameters.get('refresh_token'));
    const token = requireParameter(parameters, 'refresh_token');
    const signIn = this.refreshTokens.require(token, client.principal);
    const wanted = this.scopeOf(request, signIn);
    const withIdToken = [...wanted.openId, ...signIn.scope.split(' ')].includes('openid');
    const { nonce } = signIn;
    const user = userIn(request.tenantId, signIn, client.principal);
    // Whatever can be wrong with the request comes before the token is used.
    const members = this.userTokens.issue({ request, client, user, wanted, withIdToken, nonce });
    // Version 1.0 knows no scopes, and sends one always.
    const rotates = version === '1.0' || wanted.openId.includes('offline_access');
    const refreshToken = this.rotate(token, rotates, grantFault);
    return { ...members, ...(refreshToken !== undefined && { refresh_token: refreshToken }) };
  }

  private client(request: TokenRequest, token: string | null): AuthenticatedClient {
    const singlePage = token !== null && this.refreshTokens.isOfSinglePage(token);
    return singlePage
      ? this.authenticator.knowSinglePage(request)
      : this.authenticator.authenticateOrKnow(request);
  }

  /** What goes out as the refresh token. Without a new one the old one stays good, also where it is good for one use. */
  private rotate(token: string, rotates: boolean, fault: GrantFault | undefined): string | undefined {
    const same = fault?.kind === 'same-refresh-token';
    if (rotates && !same && fault?.kind !== 'missing-refresh-token') return this.refreshTokens.redeem(token);
    this.refreshTokens.redeemWithoutRotation();
    return same ? token : undefined;
  }

  private scopeOf({ parameters, version, tenantId }: TokenRequest, signIn: SignInRecord): DelegatedScope {
    const { apis } = this.userTokens;
    if (version === '2.0') return delegatedScope(parameters.get('scope') ?? signIn.scope, tenantId, apis);
    const resource = parameters.get('resource') ?? delegatedScope(signIn.scope, tenantId, apis).resource;
    return delegatedResource(resource, signIn.scope, tenantId, apis);
  }
}

/** The person in the tenant that the token is asked for. @throws EntraError AADSTS50020 when it knows no such guest */
function userIn(tenantId: string, signIn: SignInRecord, client: ServicePrincipal): LocalUser {
  const { user, tenantId: home } = signIn;
  const found = tenantId === home ? user : asGuest(user, home, tenantId);
  if (found !== undefined) return found;
  throw new EntraError(50020, {
    description: `User account '${user.userPrincipalName}' from identity provider 'https://sts.windows.net/${home}/' does not exist in tenant '${tenantId}' and cannot access the application '${client.clientId}'(${client.name}) in that tenant. The account needs to be added as an external user in the tenant first. Sign out and sign in again with a different Azure Active Directory user account.`,
  });
}
