import { requireParameter } from '../client-authentication/token-request.js';
import type { Directory } from '../directory/directory.js';
import { answerOrRefuse, EntraError } from '../errors/entra.error.js';
import { finishedResponse, type Grant } from '../grants/grant.js';
import type { Endpoint, EndpointRequest, EndpointResponse } from '../http/endpoint.js';
import { resourceOfFirstScope } from '../tokens/delegated-scope.js';

const pathPattern = /^\/([^/]+)\/oauth2\/(v2\.0\/)?token$/;

/**
 * The token endpoints of every tenant, of version 2.0 and 1.0.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-3.2
 */
export class TokenEndpoint implements Endpoint {
  readonly name = 'token';

  constructor(
    private readonly directory: Directory,
    private readonly grants: readonly Grant[],
    private readonly now: () => number,
  ) {}

  matches(path: string): boolean {
    return pathPattern.test(path);
  }

  resourceOf(request: EndpointRequest): string | undefined {
    const parameters = new URLSearchParams(request.body);
    const scope = parameters.get('scope');
    return parameters.get('resource') ?? (scope === null ? undefined : resourceOfFirstScope(scope));
  }

  handle(request: EndpointRequest): EndpointResponse {
    return answerOrRefuse(request, this.now, () => this.respond(request));
  }

  private respond(request: EndpointRequest): object {
    if (request.method !== 'POST') {
      throw new EntraError(900561, {
        description: `The endpoint only accepts POST requests. Received a ${request.method} request.`,
      });
    }
    const [, named = '', second] = pathPattern.exec(request.path) ?? [];
    const parameters = new URLSearchParams(request.body);
    const tenantId = this.directory.requireTenantFor(named, parameters.get('client_id'));
    refuseDuplicates(parameters);
    const grantType = requireParameter(parameters, 'grant_type');
    const grant = this.grants.find(({ type }) => type === grantType);
    if (grant === undefined) {
      throw new EntraError(70003, {
        description: `The app requested an unsupported grant type '${grantType}'.`,
      });
    }
    const { authorization, origin } = request.headers;
    const { tokenFault, grantFault } = request;
    const version = second === undefined ? '1.0' : '2.0';
    const order = {
      tenantId,
      tenantName: named,
      version,
      parameters,
      authorization,
      origin,
      tokenFault,
      grantFault,
    } as const;
    return finishedResponse(grant.respond(order), order);
  }
}

function refuseDuplicates(parameters: URLSearchParams): void {
  const twice = [...parameters.keys()].find((name) => parameters.getAll(name).length > 1);
  if (twice === undefined) return;
  throw new EntraError(9000411, {
    description: `The request is not properly formatted. The parameter '${twice}' is duplicated.`,
  });
}
