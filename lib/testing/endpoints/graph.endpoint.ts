import { randomUUID } from 'node:crypto';
import type { Directory } from '../directory/directory.js';
import type { Endpoint, EndpointRequest, EndpointResponse } from '../http/endpoint.js';
import { TokenRefusedError, type TokenRefusedReason } from '../token-refused.error.js';
import { graphAudiences } from '../tokens/audiences.js';
import { hasAuthenticationContext, requestFor } from '../tokens/authentication-context.js';
import type { TokenSettings } from '../tokens/token.settings.js';
import type { TokenVerifier } from '../tokens/token.verifier.js';
import type { VerifiedClaims } from '../verified-claims.js';

const refusals: Readonly<Record<TokenRefusedReason, string>> = {
  malformed: 'IDX14100: JWT is not well formed.',
  signature: 'Access token validation failure. Invalid signature.',
  expired: 'Lifetime validation failed, the token is expired.',
  'not-yet-valid': 'Lifetime validation failed, the token is not yet valid.',
  audience: 'Access token validation failure. Invalid audience.',
  tenant: 'Access token validation failure. Invalid issuer.',
};

/**
 * One call of Microsoft Graph that looks at the token. Unlike the real `/me` it also answers applications, with
 * their service principal.
 *
 * @see https://learn.microsoft.com/graph/errors
 */
export class GraphEndpoint implements Endpoint {
  readonly name = 'graph';

  constructor(
    private readonly directory: Directory,
    private readonly verifier: TokenVerifier,
    private readonly graphUrl: string,
    private readonly settings: TokenSettings,
  ) {}

  matches(path: string): boolean {
    return path === '/v1.0/me';
  }

  handle(request: EndpointRequest): EndpointResponse {
    const token = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined) return this.refuse('Access token is empty.');
    try {
      const tenantId = this.directory.principals.map((principal) => principal.tenantId);
      const claims = this.verifier.verify(token, { audience: graphAudiences, tenantId });
      const { graphAuthenticationContext: context } = this.settings;
      if (context !== undefined && !hasAuthenticationContext(claims, context)) return this.challenge(context);
      return this.profile(claims);
    } catch (error) {
      if (error instanceof TokenRefusedError) return this.refuse(refusals[error.reason]);
      throw error;
    }
  }

  private profile(claims: VerifiedClaims): EndpointResponse {
    const known = this.directory.principals.find(({ objectId }) => objectId === claims.oid);
    return {
      status: 200,
      body: {
        '@odata.context': `${this.graphUrl}/v1.0/$metadata#users/$entity`,
        id: claims.oid,
        displayName: known?.name ?? claims.name ?? null,
        ...(claims.upn === undefined ? {} : { userPrincipalName: claims.upn }),
        appId: claims.appid ?? null,
      },
    };
  }

  /** @see https://learn.microsoft.com/entra/identity-platform/claims-challenge */
  private challenge(context: string): EndpointResponse {
    const claims = Buffer.from(requestFor(context)).toString('base64');
    return this.refuse(
      'The token does not satisfy the authentication context.',
      `, error="insufficient_claims", claims="${claims}"`,
    );
  }

  private refuse(message: string, challenge = ''): EndpointResponse {
    const requestId = randomUUID();
    return {
      status: 401,
      headers: {
        'www-authenticate': `Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", client_id="00000003-0000-0000-c000-000000000000"${challenge}`,
        'request-id': requestId,
        'client-request-id': requestId,
      },
      body: {
        error: {
          code: 'InvalidAuthenticationToken',
          message,
          innerError: {
            date: new Date(this.settings.now()).toISOString().slice(0, 19),
            'request-id': requestId,
            'client-request-id': requestId,
          },
        },
      },
    };
  }
}
