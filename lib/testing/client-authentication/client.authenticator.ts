import type { Directory } from '../directory/directory.js';
import { EntraError } from '../errors/entra.error.js';
import type { AuthenticatedClient, ClientAuthentication } from './client-authentication.js';
import type { TokenRequest } from './token-request.js';

/** Tries every way of client authentication that the token endpoint supports. */
export class ClientAuthenticator {
  constructor(
    private readonly directory: Directory,
    private readonly ways: readonly ClientAuthentication[],
  ) {}

  /** As {@link authenticate}, but a public client need not prove anything. @throws EntraError */
  authenticateOrKnow(request: TokenRequest): AuthenticatedClient {
    const { parameters, tenantId, authorization } = request;
    const proves = ['client_secret', 'client_assertion'].some((name) => parameters.has(name));
    const clientId = parameters.get('client_id');
    if (!proves && authorization === undefined && clientId !== null) {
      const principal = this.directory.requireClient(tenantId, clientId);
      if (principal.publicClient) return { principal, appidacr: '0' };
    }
    return this.authenticate(request);
  }

  /** @throws EntraError */
  authenticate(request: TokenRequest): AuthenticatedClient {
    for (const way of this.ways) {
      const client = way.authenticate(request);
      if (client !== undefined) return client;
    }
    const clientId = request.parameters.get('client_id');
    if (clientId === null) {
      throw new EntraError(900144, {
        description: "The request body must contain the following parameter: 'client_id'.",
      });
    }
    this.directory.requireClient(request.tenantId, clientId);
    throw new EntraError(7000218);
  }
}
