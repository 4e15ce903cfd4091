import { randomUUID } from 'node:crypto';
import type { Apis } from '../directory/apis.js';
import type { Directory } from '../directory/directory.js';
import type { Endpoint, EndpointRequest, EndpointResponse } from '../http/endpoint.js';
import {
  duplicate,
  isManagedIdentityResource,
  managedIdentityResponse,
} from './managed-identity.response.js';
import type { ManagedIdentityTokens } from './managed-identity.tokens.js';

/** The one that everything but the first generation of Functions speaks. */
const version = '2019-08-01';

/** Where the endpoint of App Service is found on its port. */
export const appServicePath = '/msi/token';

/**
 * The managed-identity endpoint of App Service, Functions and Container Apps.
 *
 * @see https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
 */
export class AppServiceEndpoint implements Endpoint {
  readonly name = 'app-service';

  constructor(
    private readonly directory: Directory,
    private readonly apis: Apis,
    private readonly tokens: ManagedIdentityTokens,
    private readonly secretHeader: string,
  ) {}

  matches(path: string): boolean {
    return path === appServicePath;
  }

  resourceOf(request: EndpointRequest): string | undefined {
    return request.query.get('resource') ?? undefined;
  }

  handle(request: EndpointRequest): EndpointResponse {
    if (request.headers['x-identity-header'] !== this.secretHeader) {
      return refusal(401, 'The X-IDENTITY-HEADER is missing or wrong.');
    }
    if (request.method !== 'GET') return refusal(405, 'Only GET is supported.');
    const { query } = request;
    if (query.get('api-version') !== version) return refusal(400, 'The api-version is missing or unknown.');
    const resource = query.get('resource') ?? '';
    if (!isManagedIdentityResource(resource, this.apis))
      return refusal(400, 'The resource is missing or invalid.');
    const twice = duplicate(query);
    if (twice !== undefined) return refusal(400, `The parameter ${twice} is given more than once.`);
    if (!this.directory.systemAssigned && !this.directory.namesIdentity(query)) {
      return refusal(400, 'Unable to load the proper Managed Identity.');
    }
    const identity = this.directory.managedIdentity(request.query);
    if (identity === undefined) {
      return refusal(
        400,
        'No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.',
      );
    }
    const issued = this.tokens.get(identity, resource, request.tokenFault);
    return { status: 200, body: managedIdentityResponse(issued, identity, resource) };
  }
}

function refusal(statusCode: number, message: string): EndpointResponse {
  return { status: statusCode, body: { statusCode, message, correlationId: randomUUID() } };
}
