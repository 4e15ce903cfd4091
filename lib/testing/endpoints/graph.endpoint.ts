import { randomUUID } from 'node:crypto';
import type { Directory } from '../directory/directory.js';
import type { Endpoint, EndpointRequest, EndpointResponse } from '../http/endpoint.js';
import { TokenRefusedError, type TokenRefusedReason } from '../token-refused.error.js';
import { graphAudiences } from '../tokens/audiences.js';
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
    private readonly now: () => number,
  ) {}

  matches(path: string): boolean {
    return path === '/v1.0/me';
  }

  handle(request: EndpointRequest): EndpointResponse {
    const token = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined) return this.refuse('Access token is empty.');
    try {
      const tenantId = this.directory.principals.map((principal) => principal.tenantId);
      return this.profile(this.verifier.verify(token, { audience: graphAudiences, tenantId }));
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
        displayName: known?.name ?? null,
        appId: claims.appid ?? null,
      },
    };
  }

  private refuse(message: string): EndpointResponse {
    const requestId = randomUUID();
    return {
      status: 401,
      headers: {
        'www-authenticate':
          'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", client_id="00000003-0000-0000-c000-000000000000"',
        'request-id': requestId,
        'client-request-id': requestId,
      },
      body: {
        error: {
          code: 'InvalidAuthenticationToken',
          message,
          innerError: {
            date: new Date(this.now()).toISOString().slice(0, 19),
            'request-id': requestId,
            'client-request-id': requestId,
          },
        },
      },
    };
  }
}
