import type { Directory } from '../directory/directory.js';
import { EntraError } from '../errors/entra.error.js';
import type { JsonWebToken } from '../optional-packages.js';
import { checkAssertionLifetime, readClientAssertion } from './client-assertion.js';
import type { AuthenticatedClient, ClientAuthentication } from './client-authentication.js';
import { federatedAudience, type FederatedIssuer } from './federated.issuer.js';
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
    private readonly now: () => number,
  ) {}

  authenticate(request: TokenRequest): AuthenticatedClient | undefined {
    const clientId = request.parameters.get('client_id');
    const assertion = readClientAssertion(this.jwt, request.parameters);
    if (assertion === undefined || clientId === null) return undefined;
    const principal = this.directory.requireClient(request.tenantId, clientId);
    const { iss, sub, aud } = assertion.claims;
    if (iss !== this.issuer.url) throw new EntraError(700211, { description: mismatch('issuer', iss) });
    if (sub !== this.issuer.subjectOf(principal)) {
      throw new EntraError(700213, { description: mismatch('subject', sub) });
    }
    if (aud !== federatedAudience) throw new EntraError(700212, { description: mismatch('audience', aud) });
    if (!this.issuer.hasSigned(assertion.token)) throw new EntraError(50013);
    checkAssertionLifetime(assertion, this.now());
    return { principal, appidacr: '2' };
  }
}

function mismatch(claim: string, value: unknown): string {
  return `No matching federated identity record found for presented assertion ${claim} '${String(value)}'. Please check your federated identity credential Subject, Audience and Issuer against the presented assertion. https://learn.microsoft.com/entra/workload-id/workload-identity-federation`;
}
