import type { Endpoint, EndpointResponse } from '../http/endpoint.js';
import type { SigningKey } from '../tokens/signing-key.js';

/**
 * The public keys that access tokens are signed with.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7517#section-5
 */
export class JwksEndpoint implements Endpoint {
  readonly name = 'jwks';

  constructor(private readonly key: SigningKey) {}

  matches(path: string): boolean {
    return /^\/[^/]+\/discovery\/(v2\.0\/)?keys$/.test(path);
  }

  handle(): EndpointResponse {
    const { id, publicKey } = this.key;
    const jwk = { ...publicKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: id, x5t: id };
    return { status: 200, body: { keys: [jwk] } };
  }
}
