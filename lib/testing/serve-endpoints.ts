import { authorityEndpoints, type AuthorityParts } from './authority.js';
import { AppServiceEndpoint } from './managed-identity/app-service.endpoint.js';
import { GraphEndpoint } from './endpoints/graph.endpoint.js';
import { ImdsEndpoint } from './managed-identity/imds.endpoint.js';
import { UserInfoEndpoint } from './endpoints/user-info.endpoint.js';
import type { GraphDirectory } from './graph/graph-resources.js';
import type { GraphRestrictions } from './graph/graph-restrictions.js';
import type { Endpoint } from './http/endpoint.js';
import type { Listener } from './http/listener.js';
import type { Ports } from './http/ports.js';
import type { ManagedIdentityOptions } from './managed-identity/managed-identity.options.js';
import { ManagedIdentityTokens } from './managed-identity/managed-identity.tokens.js';
import { RequestLimit } from './managed-identity/request.limit.js';
import { RequestDispatcher, type DispatcherContext } from './http/request.dispatcher.js';

/** What the endpoints of every port are made of. */
export interface EndpointParts extends AuthorityParts {
  appServiceHeader: string;
  restrictions: GraphRestrictions;
  managedIdentity: Required<ManagedIdentityOptions>;
}

/** Puts the endpoints on their ports. Returns the dispatcher of the authority. */
export function serveEndpoints(
  ports: Ports,
  context: DispatcherContext,
  parts: EndpointParts,
): RequestDispatcher {
  const { directory, issuer, verifier, settings, apis, people } = parts;
  const shown: GraphDirectory = {
    principals: directory.principals,
    get users() {
      return people.all;
    },
  };
  const serve = (listener: Listener, endpoints: Endpoint[]): void =>
    listener.serve(new RequestDispatcher(endpoints, context));
  const authority = new RequestDispatcher(authorityEndpoints(parts), context);
  ports.authority.serve(authority);
  const tenants = directory.principals.map(({ tenantId }) => tenantId);
  serve(ports.graph, [
    new GraphEndpoint(shown, verifier, parts.graphUrl, settings, parts.restrictions),
    new UserInfoEndpoint(people, verifier, tenants),
  ]);
  const { managedIdentity } = parts;
  const tokens = new ManagedIdentityTokens(issuer, managedIdentity, settings.now);
  const limit = managedIdentity.limitsRequests ? new RequestLimit(settings.now) : undefined;
  serve(ports.imds, [new ImdsEndpoint(directory, apis, tokens, settings.now, limit)]);
  serve(ports.appService, [new AppServiceEndpoint(directory, apis, tokens, parts.appServiceHeader)]);
  return authority;
}
