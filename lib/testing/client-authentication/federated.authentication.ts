import type { Directory } from '../directory/directory.js';
import type { ServicePrincipal } from '../directory/service-principal.js';
import { EntraError } from '../errors/entra.error.js';
import type { JsonWebToken } from '../optional-packages.js';
import { checkAssertionLifetime, readClientAssertion } from './client-assertion.js';
import type { AuthenticatedClient, ClientAuthentication } from './client-authentication.js';
import { federatedAudience, type FederatedIssuer } from './federated.issuer.js';
import { TokenRefusedError } from '../token-refused.error.js';
import { tokenExchange } from '../tokens/audiences.js';
import type { TokenVerifier } from '../tokens/token.verifier.js';
import type { TokenRequest } from './token-request.js';

/**
 * An assertion of another issuer that the client's federated credential trusts, as workload identity uses it.
 *
 * @see https://learn.microsoft.com/entra/workload-id/workload-identity-federation
 */
export class FederatedAuthentication implements ClientAuthentication {
  constructor(
    private readonly jwt: JsonWebToken,
    private readonly directory: Directory,
    private readonly issuer: FederatedIssuer,
    private readonly verifier: TokenVerifier,
    private readonly now: () => number,
  ) {}

  authenticate(request: TokenRequest): AuthenticatedClient | undefined {
    const clientId = request.parameters.get('client_id');
    const assertion = readClientAssertion(this.jwt, request.parameters);
    if (assertion === undefined || clientId === null) return undefined;
    const principal = this.directory.requireClient(request.tenantId, clientId);
    const { iss, sub, aud } = assertion.claims;
    if (aud === tokenExchange.applicationId) {
      this.checkManagedIdentity(assertion.token, principal);
      return { principal, appidacr: '2' };
    }
    if (iss !== this.issuer.url) throw new EntraError(700211, { description: mismatch('issuer', iss) });
    if (sub !== this.issuer.subjectOf(principal)) {
      throw new EntraError(700213, { description: mismatch('subject', sub) });
    }
    if (aud !== federatedAudience) throw new EntraError(700212, { description: mismatch('audience', aud) });
    if (!this.issuer.hasSigned(assertion.token)) throw new EntraError(50013);
    checkAssertionLifetime(assertion, this.now());
    return { principal, appidacr: '2' };
  }

  /** @throws EntraError AADSTS700213 for the token of an identity that the application does not trust */
  private checkManagedIdentity(token: string, principal: ServicePrincipal): void {
    try {
      const expected = { audience: tokenExchange.applicationId, tenantId: principal.tenantId };
      const { sub, xms_mirid: resourceId } = this.verifier.verify(token, expected);
      if (resourceId !== undefined && principal.managedIdentities.includes(String(sub))) return;
      throw new EntraError(700213, { description: mismatch('subject', sub) });
    } catch (error) {
      if (!(error instanceof TokenRefusedError)) throw error;
      throw new EntraError(error.reason === 'expired' ? 700024 : 50013);
    }
  }
}

function mismatch(claim: string, value: unknown): string {
  return `No matching federated identity record found for presented assertion ${claim} '${String(value)}'. Please check your federated identity credential Subject, Audience and Issuer against the presented assertion. https://learn.microsoft.com/entra/workload-id/workload-identity-federation`;
}
