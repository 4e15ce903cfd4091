import type { Directory } from '../directory/directory.js';
import type { Endpoint, EndpointRequest, EndpointResponse } from '../http/endpoint.js';
import { isResource } from '../tokens/resource.js';
import type { TokenIssuer } from '../tokens/token.issuer.js';
import { issueForManagedIdentity, managedIdentityResponse } from './managed-identity.response.js';

/**
 * The Azure Instance Metadata Service of a virtual machine, as far as tokens go.
 *
 * @see https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token
 */
export class ImdsEndpoint implements Endpoint {
  readonly name = 'imds';

  constructor(
    private readonly directory: Directory,
    private readonly issuer: TokenIssuer,
    private readonly now: () => number,
  ) {}

  matches(path: string): boolean {
    return path === '/metadata/identity/oauth2/token';
  }

  resourceOf(request: EndpointRequest): string | undefined {
    return request.query.get('resource') ?? undefined;
  }

  handle(request: EndpointRequest): EndpointResponse {
    if (String(request.headers.metadata).toLowerCase() !== 'true') {
      return refusal('invalid_request', 'Required metadata header not specified');
    }
    if (request.method !== 'GET') return { status: 405, body: { error: 'invalid_request' } };
    if (!request.query.has('api-version')) {
      return refusal('invalid_request', 'Required query variable "api-version" is missing');
    }
    const resource = request.query.get('resource');
    if (resource === null) return refusal('invalid_request', 'Required query variable "resource" is missing');
    const identity = this.directory.managedIdentity(request.query);
    if (identity === undefined) return refusal('invalid_request', 'Identity not found');
    if (!isResource(resource)) {
      return refusal(
        'invalid_resource',
        `AADSTS500011: The resource principal named ${resource} was not found in the tenant named ${identity.tenantId}.`,
      );
    }
    const issued = issueForManagedIdentity(this.issuer, identity, resource, request.tokenFault);
    const expiresIn = String(Math.max(0, issued.expiresOn - Math.floor(this.now() / 1000)));
    return {
      status: 200,
      body: {
        ...managedIdentityResponse(issued, identity, resource),
        expires_in: expiresIn,
        ext_expires_in: expiresIn,
        not_before: String(issued.notBefore),
      },
    };
  }
}

function refusal(error: string, description: string): EndpointResponse {
  return { status: 400, body: { error, error_description: description } };
}
