import type { People } from '../directory/people.js';
import type { Endpoint, EndpointRequest, EndpointResponse } from '../http/endpoint.js';
import { TokenRefusedError } from '../token-refused.error.js';
import { graphAudiences } from '../tokens/audiences.js';
import type { TokenVerifier } from '../tokens/token.verifier.js';
import type { VerifiedClaims } from '../tokens/verified-token.js';

/**
 * What Graph tells of the person whom a token speaks for.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/userinfo
 */
export class UserInfoEndpoint implements Endpoint {
  readonly name = 'graph';

  constructor(
    private readonly people: People,
    private readonly verifier: TokenVerifier,
    private readonly tenants: readonly string[],
  ) {}

  matches(path: string): boolean {
    return path === '/oidc/userinfo';
  }

  handle(request: EndpointRequest): EndpointResponse {
    const token = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    const claims = token === undefined ? undefined : this.verified(token);
    const user = claims && this.people.find(claims.oid);
    if (claims === undefined || user === undefined) return refusal(401, 'InvalidAuthenticationToken');
    if (!String(claims.scp).split(' ').includes('openid')) return refusal(403, 'UnknownError');
    const [given, ...family] = user.name.split(' ');
    return {
      status: 200,
      body: {
        sub: claims.sub,
        name: user.name,
        given_name: given,
        family_name: family.join(' '),
        email: user.userPrincipalName,
        picture: 'https://graph.microsoft.com/v1.0/me/photo/$value',
      },
    };
  }

  private verified(token: string): VerifiedClaims | undefined {
    try {
      return this.verifier.verify(token, { audience: graphAudiences, tenantId: this.tenants });
    } catch (error) {
      if (error instanceof TokenRefusedError) return undefined;
      throw error;
    }
  }
}

function refusal(status: number, code: string): EndpointResponse {
  return { status, body: { error: { code, message: 'Access token validation failure.' } } };
}
