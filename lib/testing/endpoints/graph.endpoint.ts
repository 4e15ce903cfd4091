import { callerOf } from '../graph/graph-caller.js';
import { challenge, graphError, unauthorized, type GraphRefusal } from '../graph/graph-error.js';
import { readGraph, type GraphDirectory } from '../graph/graph-resources.js';
import { understandsChallenges, type GraphRestrictions } from '../graph/graph-restrictions.js';
import type { Endpoint, EndpointRequest, EndpointResponse } from '../http/endpoint.js';
import { TokenRefusedError, type TokenRefusedReason } from '../token-refused.error.js';
import { graphAudiences } from '../tokens/audiences.js';
import { hasAuthenticationContext, requestFor } from '../tokens/requested-claims.js';
import type { TokenSettings } from '../tokens/token-lifetime.js';
import type { TokenVerifier } from '../tokens/token.verifier.js';
import type { VerifiedClaims } from '../tokens/verified-token.js';

const refusals: Readonly<Record<TokenRefusedReason, string>> = {
  malformed: 'IDX14100: JWT is not well formed.',
  signature: 'Access token validation failure. Invalid signature.',
  expired: 'Lifetime validation failed, the token is expired.',
  'not-yet-valid': 'Lifetime validation failed, the token is not yet valid.',
  audience: 'Access token validation failure. Invalid audience.',
  tenant: 'Access token validation failure. Invalid issuer.',
};

const pathPattern = /^\/(?:v1\.0|beta)\/(.+)$/;

/**
 * The part of Microsoft Graph that a directory of one's own can answer. It reads the token as the real one does: whose it
 * is, what it permits and whether it meets the policy.
 *
 * @see https://learn.microsoft.com/graph/errors
 */
export class GraphEndpoint implements Endpoint {
  readonly name = 'graph';

  constructor(
    private readonly directory: GraphDirectory,
    private readonly verifier: TokenVerifier,
    private readonly graphUrl: string,
    private readonly settings: TokenSettings,
    private readonly restrictions: GraphRestrictions,
  ) {}

  matches(path: string): boolean {
    return pathPattern.test(path);
  }

  handle(request: EndpointRequest): EndpointResponse {
    const refuse = (refusal: GraphRefusal): EndpointResponse =>
      graphError(refusal, request, this.settings.now());
    const token = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined) return refuse(unauthorized('Access token is empty.'));
    try {
      const tenantId = this.directory.principals.map((principal) => principal.tenantId);
      const claims = this.verifier.verify(token, { audience: graphAudiences, tenantId });
      const restriction = this.restrictions.refusalOf(claims);
      if (restriction !== undefined) return refuse(restriction);
      const { graphAuthenticationContext: context } = this.settings;
      if (context !== undefined && !hasAuthenticationContext(claims, context)) {
        return refuse(this.unmetPolicy(claims, context));
      }
      if (request.method !== 'GET') return refuse(methodNotAllowed);
      const path = pathPattern.exec(request.path)?.[1] ?? '';
      const question = { path, query: request.query };
      const answer = readGraph(question, callerOf(claims), this.directory);
      if (answer.refusal !== undefined) return refuse(answer.refusal);
      const next = answer.next && `${this.graphUrl}${request.path}?${answer.next.toString()}`;
      return this.found(answer.set, answer.object, next);
    } catch (error) {
      if (error instanceof TokenRefusedError) return refuse(unauthorized(refusals[error.reason]));
      throw error;
    }
  }

  /** Only a client that declared to understand challenges gets one. */
  private unmetPolicy(claims: VerifiedClaims, context: string): GraphRefusal {
    const message = 'The token does not satisfy the authentication context.';
    const refusal = understandsChallenges(claims)
      ? challenge(message, requestFor(context))
      : unauthorized(message);
    return { ...refusal, status: this.settings.graphChallengeStatus };
  }

  private found(set: string, object: object | readonly object[], next: string | undefined): EndpointResponse {
    const context = `${this.graphUrl}/v1.0/$metadata#${set}`;
    const body = Array.isArray(object)
      ? { '@odata.context': context, value: object, ...(next !== undefined && { '@odata.nextLink': next }) }
      : { '@odata.context': `${context}/$entity`, ...object };
    return { status: 200, body };
  }
}

const methodNotAllowed: GraphRefusal = {
  status: 405,
  code: 'Request_BadRequest',
  message: 'Specified HTTP method is not allowed for the request target.',
};
