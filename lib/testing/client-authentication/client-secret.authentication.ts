import type { Directory } from '../directory/directory.js';
import { EntraError } from '../errors/entra.error.js';
import type { AuthenticatedClient, ClientAuthentication } from './client-authentication.js';
import type { TokenRequest } from './token-request.js';

/**
 * A shared secret, in the body (`client_secret_post`) or in the header (`client_secret_basic`).
 *
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1
 */
export class ClientSecretAuthentication implements ClientAuthentication {
  constructor(private readonly directory: Directory) {}

  authenticate(request: TokenRequest): AuthenticatedClient | undefined {
    const [clientId, secret] = fromHeader(request.authorization) ?? fromBody(request.parameters);
    if (clientId === undefined || secret === undefined) return undefined;
    const principal = this.directory.requireClient(request.tenantId, clientId);
    if (secret === principal.clientSecret) return { principal, appidacr: '1' };
    throw new EntraError(7000215, {
      description: `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${principal.clientId}'.`,
    });
  }
}

function fromBody(parameters: URLSearchParams): [string | undefined, string | undefined] {
  return [parameters.get('client_id') ?? undefined, parameters.get('client_secret') ?? undefined];
}

function fromHeader(authorization: string | undefined): [string, string] | undefined {
  const encoded = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(authorization ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const pair = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  if (colon < 0) return undefined;
  return [formDecode(pair.slice(0, colon)), formDecode(pair.slice(colon + 1))];
}

// RFC 6749 has both parts form-encoded before they are joined.
function formDecode(value: string): string {
  return new URLSearchParams(`value=${value}`).get('value') ?? '';
}
