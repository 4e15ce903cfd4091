import type { ClientAuthenticator } from '../client-authentication/client.authenticator.js';
import type { AuthenticatedClient } from '../client-authentication/client-authentication.js';
import type { TokenRequest } from '../client-authentication/token-request.js';
import { EntraError } from '../errors/entra.error.js';
import type { GrantFault } from '../faults/fault.js';
import type { SignInRecord } from '../refresh-tokens/refresh-token.record.js';
import type { RefreshTokenRegistry } from '../refresh-tokens/refresh-token.registry.js';
import { delegatedResource, delegatedScope, type DelegatedScope } from '../tokens/delegated-scope.js';
import { requestedClaims } from '../tokens/requested-claims.js';
import type { TokenIssuer } from '../tokens/token.issuer.js';
import type { TokenSettings } from '../tokens/token.settings.js';
import { delegatedClaims, idTokenClaims } from '../tokens/user.claims.js';
import type { Grant } from './grant.js';
import { tokenResponse } from './token-response.js';

/** What the grant works with. */
export interface RefreshTokenGrantParts {
  authenticator: ClientAuthenticator;
  issuer: TokenIssuer;
  refreshTokens: RefreshTokenRegistry;
  settings: TokenSettings;
  /** Base address of the authority. */
  host: string;
}

/**
 * A token for a user who signed in earlier.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-6
 * @see https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow#refresh-the-access-token
 */
export class RefreshTokenGrant implements Grant {
  readonly type = 'refresh_token';

  constructor(private readonly parts: RefreshTokenGrantParts) {}

  respond(request: TokenRequest): Record<string, unknown> {
    const { issuer, refreshTokens, settings } = this.parts;
    const { parameters, version, tokenFault, grantFault } = request;
    const token = parameters.get('refresh_token');
    const { principal, appidacr } = this.client(request, token);
    if (token === null) {
      throw new EntraError(900144, {
        description: "The request body must contain the following parameter: 'refresh_token'.",
      });
    }
    const signIn = refreshTokens.require(token, principal);
    // Whatever can be wrong with the request comes before the token is used.
    const wanted = scopeOf(request, signIn);
    const claims = requestedClaims(parameters);
    const issued = issuer.issue({
      subject: { ...principal, objectId: signIn.user.objectId },
      audience: wanted.resource,
      claims: {
        ...delegatedClaims(signIn.user, principal.clientId, wanted.permissions),
        appidacr,
        ...claims,
      },
      fault: tokenFault,
    });
    const idToken = this.idToken(request, signIn, wanted);
    // Version 1.0 knows no scopes, and sends one always.
    const rotates = version === '1.0' || wanted.offlineAccess;
    const refreshToken = this.rotate(token, rotates, grantFault);
    return {
      ...tokenResponse(issued, settings, version),
      scope: (version === '1.0' ? wanted.permissions : wanted.granted).join(' '),
      ...(refreshToken !== undefined && { refresh_token: refreshToken }),
      ...(idToken !== undefined && { id_token: idToken }),
    };
  }

  private client(request: TokenRequest, token: string | null): AuthenticatedClient {
    const { authenticator, refreshTokens } = this.parts;
    const singlePage = token !== null && refreshTokens.isOfSinglePage(token);
    return singlePage ? authenticator.knowSinglePage(request) : authenticator.authenticateOrKnow(request);
  }

  /** What goes out as the refresh token. Without a new one the old one stays good, also where it is good for one use. */
  private rotate(token: string, rotates: boolean, fault: GrantFault | undefined): string | undefined {
    const { refreshTokens } = this.parts;
    const same = fault?.kind === 'same-refresh-token';
    if (rotates && !same && fault?.kind !== 'missing-refresh-token') return refreshTokens.redeem(token);
    refreshTokens.redeemWithoutRotation();
    return same ? token : undefined;
  }

  private idToken(request: TokenRequest, signIn: SignInRecord, wanted: DelegatedScope): string | undefined {
    const { tenantId, version, grantFault } = request;
    const wrong = grantFault?.kind === 'mismatched-id-token' ? grantFault.wrong : undefined;
    const signedInWithOpenId = signIn.scope.split(' ').includes('openid');
    if (!wanted.openId && !signedInWithOpenId && wrong === undefined) return undefined;
    const claims = idTokenClaims({
      user: signIn.user,
      clientId: wrong === 'audience' ? 'ffff0000-aaaa-1111-bbbb-2222cccc3333' : signIn.clientId,
      tenantId,
      issuer:
        version === '1.0' ? `https://sts.windows.net/${tenantId}/` : `${this.parts.host}/${tenantId}/v2.0`,
      version,
      nonce: wrong === 'nonce' ? 'of-another-sign-in' : signIn.nonce,
      now: Math.floor(this.parts.settings.now() / 1000),
    });
    return this.parts.issuer.encode(claims, wrong === 'signature' ? 'foreign-key' : 'entra');
  }
}

function scopeOf({ parameters, version, tenantId }: TokenRequest, signIn: SignInRecord): DelegatedScope {
  if (version === '2.0') return delegatedScope(parameters.get('scope') ?? signIn.scope, tenantId);
  const resource = parameters.get('resource') ?? delegatedScope(signIn.scope, tenantId).resource;
  return delegatedResource(resource, signIn.scope, tenantId);
}
