import type { Directory } from '../directory/directory.js';
import { EntraError } from '../errors/entra.error.js';
import type { AuthenticatedClient, ClientAuthentication } from './client-authentication.js';
import { requireParameter, type TokenRequest } from './token-request.js';

/** Tries every way of client authentication that the token endpoint supports. */
export class ClientAuthenticator {
  constructor(
    private readonly directory: Directory,
    private readonly ways: readonly ClientAuthentication[],
  ) {}

  /** As {@link authenticate}, but a public client need not, and must not, prove anything. @throws EntraError */
  authenticateOrKnow(request: TokenRequest): AuthenticatedClient {
    const clientId = request.parameters.get('client_id');
    if (clientId === null || proves(request)) return this.authenticate(request);
    const principal = this.directory.requireClient(request.tenantId, clientId);
    if (!principal.publicClient) return this.authenticate(request);
    refuseOrigin(request);
    return { principal, appidacr: '0' };
  }

  /** The client of a single-page application: its page can keep no secret, and has an origin. @throws EntraError */
  knowSinglePage(request: TokenRequest): AuthenticatedClient {
    if (request.origin === undefined) throw new EntraError(9002327);
    if (proves(request)) throw new EntraError(700025);
    const clientId = requireParameter(request.parameters, 'client_id');
    return { principal: this.directory.requireClient(request.tenantId, clientId), appidacr: '0' };
  }

  /** @throws EntraError */
  authenticate(request: TokenRequest): AuthenticatedClient {
    refuseOrigin(request);
    for (const way of this.ways) {
      const client = way.authenticate(request);
      if (client?.principal.publicClient === true) throw new EntraError(700025);
      if (client !== undefined) return client;
    }
    this.directory.requireClient(request.tenantId, requireParameter(request.parameters, 'client_id'));
    throw new EntraError(7000218);
  }
}

function proves({ parameters, authorization }: TokenRequest): boolean {
  return (
    authorization !== undefined || ['client_secret', 'client_assertion'].some((name) => parameters.has(name))
  );
}

/** @throws EntraError AADSTS9002326: what is not a single-page application has no origin */
function refuseOrigin({ origin }: TokenRequest): void {
  if (origin === undefined) return;
  throw new EntraError(9002326, {
    description: `Cross-origin token redemption is permitted only for the 'Single-Page Application' client-type. Request origin: '${origin}'.`,
  });
}
