import type { ClientAuthenticator } from '../client-authentication/client.authenticator.js';
import type { TokenRequest } from '../client-authentication/token-request.js';
import type { Apis } from '../directory/apis.js';
import { isTenantGroup } from '../directory/directory.js';
import { EntraError } from '../errors/entra.error.js';
import { applicationRoles } from '../tokens/audiences.js';
import { requestedClaims } from '../tokens/requested-claims.js';
import { resourceOfScope } from '../tokens/resource.js';
import type { TokenIssuer } from '../tokens/token.issuer.js';
import type { TokenSettings } from '../tokens/token-lifetime.js';
import type { Grant } from './grant.js';
import { tokenResponse } from './token-response.js';

/**
 * A token for the application itself.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.4
 * @see https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
 */
export class ClientCredentialsGrant implements Grant {
  readonly type = 'client_credentials';

  constructor(
    private readonly authenticator: ClientAuthenticator,
    private readonly apis: Apis,
    private readonly issuer: TokenIssuer,
    private readonly settings: TokenSettings,
  ) {}

  respond(request: TokenRequest): Record<string, unknown> {
    const { parameters, tenantId, tenantName, version } = request;
    if (isTenantGroup(tenantName)) throw new EntraError(50059);
    const { principal, appidacr } = this.authenticator.authenticate(request);
    const audience =
      version === '1.0'
        ? this.apis.require(parameters.get('resource'), tenantId)
        : resourceOfScope(parameters.get('scope'), tenantId, this.apis);
    const issued = this.issuer.issue({
      subject: principal,
      audience,
      claims: { appidacr, ...applicationRoles(principal, audience), ...requestedClaims(parameters) },
      fault: request.tokenFault,
    });
    return tokenResponse(issued, this.settings, version);
  }
}
