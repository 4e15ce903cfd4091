import { authorityEndpoints, type AuthorityParts } from './authority.js';
import { AppServiceEndpoint } from './endpoints/app-service.endpoint.js';
import { GraphEndpoint } from './endpoints/graph.endpoint.js';
import { ImdsEndpoint } from './endpoints/imds.endpoint.js';
import type { GraphDirectory } from './graph/graph-resources.js';
import type { Endpoint } from './http/endpoint.js';
import type { Listener } from './http/listener.js';
import type { Ports } from './http/ports.js';
import { RequestDispatcher, type DispatcherContext } from './http/request.dispatcher.js';
import type { TokenVerifier } from './tokens/token.verifier.js';

/** What the endpoints of every port are made of. */
export interface EndpointParts extends AuthorityParts {
  verifier: TokenVerifier;
  graphUrl: string;
  appServiceHeader: string;
}

/** Puts the endpoints on their ports. Returns the dispatcher of the authority. */
export function serveEndpoints(
  ports: Ports,
  context: DispatcherContext,
  parts: EndpointParts,
): RequestDispatcher {
  const { directory, issuer, verifier, settings, refreshTokens } = parts;
  const shown: GraphDirectory = {
    principals: directory.principals,
    get users() {
      return refreshTokens.users;
    },
  };
  const serve = (listener: Listener, endpoints: Endpoint[]): void =>
    listener.serve(new RequestDispatcher(endpoints, context));
  const authority = new RequestDispatcher(authorityEndpoints(parts), context);
  ports.authority.serve(authority);
  serve(ports.graph, [new GraphEndpoint(shown, verifier, parts.graphUrl, settings)]);
  serve(ports.imds, [new ImdsEndpoint(directory, issuer, settings.now)]);
  serve(ports.appService, [new AppServiceEndpoint(directory, issuer, parts.appServiceHeader)]);
  return authority;
}
