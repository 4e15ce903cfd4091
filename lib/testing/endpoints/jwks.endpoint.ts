import type { Directory } from '../directory/directory.js';
import { answerOrRefuse } from '../errors/answer-or-refuse.js';
import type { Endpoint, EndpointRequest, EndpointResponse } from '../http/endpoint.js';
import type { SigningKey } from '../tokens/signing-key.js';

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
    private readonly key: SigningKey,
    private readonly now: () => number,
  ) {}

  matches(path: string): boolean {
    return pathPattern.test(path);
  }

  handle(request: EndpointRequest): EndpointResponse {
    const named = pathPattern.exec(request.path)?.[1] ?? '';
    return answerOrRefuse(request, this.now, () => {
      if (named !== 'common') this.directory.requireTenant(named);
      return this.keySet();
    });
  }

  private keySet(): object {
    const { id, publicKey } = this.key;
    const jwk = { ...publicKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: id, x5t: id };
    return { keys: [jwk] };
  }
}
