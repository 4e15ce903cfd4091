import type { AuthenticatedClient } from '../client-authentication/client-authentication.js';
import type { TokenRequest } from '../client-authentication/token-request.js';
import type { Apis } from '../directory/apis.js';
import { consentMissing, type Consents } from '../directory/consents.js';
import type { LocalUser } from '../directory/people.js';
import type { ServicePrincipal } from '../directory/service-principal.js';
import type { DelegatedScope } from '../tokens/delegated-scope.js';
import { requestedClaims } from '../tokens/requested-claims.js';
import type { TokenIssuer } from '../tokens/token.issuer.js';
import type { TokenSettings } from '../tokens/token-lifetime.js';
import { delegatedClaims, idTokenClaims } from '../tokens/user.claims.js';
import { tokenResponse } from './token-response.js';

/** What a user's tokens are made of. */
export interface UserTokenOrder {
  request: TokenRequest;
  client: AuthenticatedClient;
  user: LocalUser;
  wanted: DelegatedScope;
  /** Whether an ID token goes with it. */
  withIdToken: boolean;
  nonce: string | undefined;
}

/** Issues the tokens of people, in the way that every grant for them has in common. */
export class UserTokens {
  constructor(
    readonly apis: Apis,
    private readonly consents: Consents,
    private readonly issuer: TokenIssuer,
    private readonly settings: TokenSettings,
    /** Base address of the authority. */
    private readonly host: string,
  ) {}

  /**
   * The members of the response but for the refresh token.
   *
   * @throws EntraError AADSTS65001 without consent
   */
  issue(order: UserTokenOrder): Record<string, unknown> {
    const { request, client, user, wanted } = order;
    const { principal, appidacr } = client;
    const permissions = this.granted(principal, user, wanted);
    const openId = wanted.openId.filter((name) => name !== 'offline_access');
    const scp = isGraph(wanted.resource) ? [...openId, ...permissions] : permissions;
    const issued = this.issuer.issue({
      subject: { ...principal, objectId: user.objectId },
      audience: wanted.resource,
      claims: {
        ...delegatedClaims(user, principal.clientId, scp),
        appidacr,
        ...requestedClaims(request.parameters),
      },
      fault: request.tokenFault,
    });
    const asked = wanted.permissions.includes('.default') ? [...permissions, '.default'] : permissions;
    const scope = [...openId, ...asked.map((name) => `${wanted.resource}/${name}`)];
    const idToken = this.idToken(order);
    return {
      ...tokenResponse(issued, this.settings, request.version),
      scope: (request.version === '1.0' ? permissions : scope).join(' '),
      ...(idToken !== undefined && { id_token: idToken }),
      ...(request.parameters.get('client_info') === '1' && {
        client_info: clientInfo(user, request.tenantId),
      }),
    };
  }

  /** What is asked for and all else that was consented to on this API. */
  private granted(client: ServicePrincipal, user: LocalUser, wanted: DelegatedScope): string[] {
    const given = this.consents.of(user, client, wanted.resource);
    const named = wanted.permissions.filter((name) => name !== '.default');
    const nothing = given.all.length === 0 && wanted.permissions.includes('.default');
    if (nothing || !named.every((name) => given.includes(name))) throw consentMissing(client);
    return [...new Set([...named, ...given.all])];
  }

  private idToken({ request, client, user, withIdToken, nonce }: UserTokenOrder): string | undefined {
    const { tenantId, version, grantFault } = request;
    const wrong = grantFault?.kind === 'mismatched-id-token' ? grantFault.wrong : undefined;
    if (!withIdToken && wrong === undefined) return undefined;
    const claims = idTokenClaims({
      user,
      clientId: wrong === 'audience' ? 'ffff0000-aaaa-1111-bbbb-2222cccc3333' : client.principal.clientId,
      tenantId,
      issuer: version === '1.0' ? `https://sts.windows.net/${tenantId}/` : `${this.host}/${tenantId}/v2.0`,
      version,
      nonce: wrong === 'nonce' ? 'of-another-sign-in' : nonce,
      now: Math.floor(this.settings.now() / 1000),
    });
    return this.issuer.encode(claims, wrong === 'signature' ? 'foreign-key' : 'entra');
  }
}

/** Who it is, as MSAL keeps its accounts apart. */
function clientInfo({ objectId }: LocalUser, tenantId: string): string {
  return Buffer.from(JSON.stringify({ uid: objectId, utid: tenantId })).toString('base64url');
}

function isGraph(resource: string): boolean {
  return /^https:\/\/graph\.microsoft\.com\/?$/.test(resource);
}
