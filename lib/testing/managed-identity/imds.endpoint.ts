import { unknownResource, type Apis } from '../directory/apis.js';
import type { Directory } from '../directory/directory.js';
import type { Endpoint, EndpointRequest, EndpointResponse } from '../http/endpoint.js';
import {
  duplicate,
  isManagedIdentityResource,
  managedIdentityResponse,
} from './managed-identity.response.js';
import type { ManagedIdentityTokens } from './managed-identity.tokens.js';

import type { RequestLimit } from './request.limit.js';

/** The first one with tokens. */
const oldestVersion = '2018-02-01';

/**
 * The Azure Instance Metadata Service of a virtual machine, as far as tokens go.
 *
 * @see https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token
 */
export class ImdsEndpoint implements Endpoint {
  readonly name = 'imds';

  constructor(
    private readonly directory: Directory,
    private readonly apis: Apis,
    private readonly tokens: ManagedIdentityTokens,
    private readonly now: () => number,
    /** None: it answers however many. */
    readonly limit: RequestLimit | undefined,
  ) {}

  matches(path: string): boolean {
    return path === '/metadata/identity/oauth2/token';
  }

  resourceOf(request: EndpointRequest): string | undefined {
    return request.query.get('resource') ?? undefined;
  }

  handle(request: EndpointRequest): EndpointResponse {
    const formFault = faultOfForm(request);
    if (formFault !== undefined) return formFault;
    const resource = request.query.get('resource') ?? '';
    const { systemAssigned, principals } = this.directory;
    if (!systemAssigned && principals.length > 1 && !this.directory.namesIdentity(request.query)) {
      return refusal(
        'invalid_request',
        'Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request',
      );
    }
    const identity = this.directory.managedIdentity(request.query);
    if (identity === undefined) return refusal('invalid_request', 'Identity not found');
    if (!isManagedIdentityResource(resource, this.apis)) {
      return refusal('invalid_resource', `AADSTS500011: ${unknownResource(resource, identity.tenantId)}`);
    }
    const issued = this.tokens.get(identity, resource, request.tokenFault);
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

/** What a request lacks before it is known whom it is for. */
function faultOfForm({ method, headers, query }: EndpointRequest): EndpointResponse | undefined {
  if (headers.metadata !== 'true') {
    return refusal('invalid_request', 'Required metadata header not specified');
  }
  // A proxy that forwards requests of others must not get tokens.
  if (headers['x-forwarded-for'] !== undefined) {
    return refusal('invalid_request', 'X-Forwarded-For is not allowed');
  }
  if (method !== 'GET') return refusal('invalid_request', `Method ${method} is not allowed`, 405);
  const missing = ['api-version', 'resource'].find((name) => (query.get(name) ?? '') === '');
  if (missing !== undefined) {
    return refusal('invalid_request', `Required query variable "${missing}" is missing`);
  }
  if (!isSupportedVersion(query.get('api-version') ?? '')) {
    return refusal('invalid_request', 'The value of the query variable "api-version" is not supported');
  }
  const twice = duplicate(query);
  if (twice === undefined) return undefined;
  return refusal('invalid_request', `Query variable "${twice}" is given more than once`);
}

function isSupportedVersion(version: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(version) && version >= oldestVersion;
}

function refusal(error: string, description: string, status = 400): EndpointResponse {
  return { status, body: { error, error_description: description } };
}
