import type { Directory } from '../directory/directory.js';
import type { ServicePrincipal } from '../directory/service-principal.js';
import { EntraError } from '../errors/entra.error.js';
import type { JsonWebToken } from '../optional-packages.js';
import { checkAssertionLifetime, readClientAssertion, type ClientAssertion } from './client-assertion.js';
import type { AuthenticatedClient, ClientAuthentication } from './client-authentication.js';
import type { TokenRequest } from './token-request.js';

/**
 * An assertion that the client signs with the key of its registered certificate (`private_key_jwt`).
 *
 * @see https://learn.microsoft.com/entra/identity-platform/certificate-credentials
 */
export class CertificateAuthentication implements ClientAuthentication {
  constructor(
    private readonly jwt: JsonWebToken,
    private readonly directory: Directory,
    private readonly authorityHost: string,
    private readonly now: () => number,
  ) {}

  authenticate(request: TokenRequest): AuthenticatedClient | undefined {
    const assertion = readClientAssertion(this.jwt, request.parameters);
    if (assertion === undefined) return undefined;
    const { iss, sub } = assertion.claims;
    // Only a client speaks for itself; what another issuer states is a federated assertion.
    if (typeof iss !== 'string' || iss !== sub) return undefined;
    const clientId = request.parameters.get('client_id') ?? iss;
    if (clientId !== iss) throw new EntraError(700021);
    const principal = this.directory.requireClient(request.tenantId, clientId);
    this.checkSignature(assertion, principal);
    this.checkAudience(assertion, request);
    checkAssertionLifetime(assertion, this.now());
    return { principal, appidacr: '2' };
  }

  private checkSignature({ token, header }: ClientAssertion, principal: ServicePrincipal): void {
    const certificate = principal.certificate();
    const named = header['x5t#S256'] ?? header.x5t;
    if (named !== certificate.thumbprintSha256 && named !== certificate.thumbprint)
      throw new EntraError(700027);
    try {
      this.jwt.verify(token, certificate.publicKey, {
        algorithms: ['RS256', 'PS256'],
        ignoreExpiration: true,
        ignoreNotBefore: true,
      });
    } catch {
      throw new EntraError(700027, {
        description:
          'Client assertion contains an invalid signature. [Reason - The key was found, but use of the key to verify the signature failed.]',
      });
    }
  }

  private checkAudience({ claims }: ClientAssertion, { tenantId, tenantName }: TokenRequest): void {
    const accepted: unknown[] = [tenantId, tenantName].flatMap((tenant) =>
      ['oauth2/v2.0/token', 'oauth2/token', 'v2.0', ''].map(
        (path) => `${this.authorityHost}/${tenant}/${path}`,
      ),
    );
    if (!accepted.includes(claims.aud)) throw new EntraError(700023);
  }
}
