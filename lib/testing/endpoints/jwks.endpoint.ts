import { isTenantGroup, type Directory } from '../directory/directory.js';
import { answerOrRefuse } from '../errors/entra.error.js';
import type { Endpoint, EndpointRequest, EndpointResponse } from '../http/endpoint.js';
import type { SigningKeys } from '../tokens/signing-keys.js';

const pathPattern = /^\/([^/]+)\/discovery\/(?:v2\.0\/)?keys$/;

/**
 * The public keys that access tokens are signed with.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7517#section-5
 */
export class JwksEndpoint implements Endpoint {
  readonly name = 'jwks';

  constructor(
    private readonly directory: Directory,
    private readonly keys: SigningKeys,
    private readonly now: () => number,
  ) {}

  matches(path: string): boolean {
    return pathPattern.test(path);
  }

  handle(request: EndpointRequest): EndpointResponse {
    const named = pathPattern.exec(request.path)?.[1] ?? '';
    return answerOrRefuse(request, this.now, () => {
      if (!isTenantGroup(named)) this.directory.requireTenant(named);
      return this.keySet();
    });
  }

  private keySet(): object {
    const keys = this.keys.published.map(({ id, publicKey }) => ({
      ...publicKey.export({ format: 'jwk' }),
      ...{ use: 'sig', alg: 'RS256', kid: id, x5t: id },
    }));
    return { keys };
  }
}
