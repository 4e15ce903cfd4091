import type { ClientAuthenticator } from '../client-authentication/client.authenticator.js';
import { requireParameter, type TokenRequest } from '../client-authentication/token-request.js';
import type { People } from '../directory/people.js';
import type { ServicePrincipal } from '../directory/service-principal.js';
import { aadstsDefaults } from '../errors/aadsts-codes.js';
import { EntraError } from '../errors/entra.error.js';
import type { RefreshTokenRegistry } from '../refresh-tokens/refresh-token.registry.js';
import type { SignInRegistry } from '../sign-ins/sign-in.registry.js';
import { TokenRefusedError, type TokenRefusedReason } from '../token-refused.error.js';
import type { JsonWebToken } from '../optional-packages.js';
import { delegatedResource, delegatedScope } from '../tokens/delegated-scope.js';
import type { TokenVerifier } from '../tokens/token.verifier.js';
import type { TokenExpectation, VerifiedClaims } from '../tokens/verified-token.js';
import type { Grant } from './grant.js';
import type { UserTokens } from './user-tokens.js';

/** What the grant works with. */
export interface OnBehalfOfGrantParts {
  authenticator: ClientAuthenticator;
  verifier: TokenVerifier;
  people: People;
  signIns: SignInRegistry;
  refreshTokens: RefreshTokenRegistry;
  userTokens: UserTokens;
  jwt: JsonWebToken;
  now: () => number;
}

/**
 * A token for the person whose token an API was called with.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/v2-oauth2-on-behalf-of-flow
 */
export class OnBehalfOfGrant implements Grant {
  readonly type = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

  constructor(private readonly parts: OnBehalfOfGrantParts) {}

  respond(request: TokenRequest): Record<string, unknown> {
    const { authenticator, people, signIns, refreshTokens, userTokens } = this.parts;
    const { parameters, tenantId, version } = request;
    const client = authenticator.authenticate(request);
    const assertion = requireParameter(parameters, 'assertion');
    const use = requireParameter(parameters, 'requested_token_use');
    if (use !== 'on_behalf_of') {
      throw new EntraError(70003, { description: `The app requested an unsupported token use '${use}'.` });
    }
    const claims = this.verified(assertion, request, client.principal);
    const user = people.find(claims.oid) ?? people.add(personIn(claims));
    const refusal = signIns.refusalOf(user);
    if (refusal !== undefined) throw interactionRequired(refusal);
    const wanted =
      version === '1.0'
        ? delegatedResource(requireParameter(parameters, 'resource'), 'openid', tenantId, userTokens.apis)
        : delegatedScope(requireParameter(parameters, 'scope'), tenantId, userTokens.apis);
    const withIdToken = wanted.openId.includes('openid');
    const order = { request, client, user, wanted, withIdToken, nonce: undefined };
    const members = userTokens.issue(order);
    if (version === '2.0' && !wanted.openId.includes('offline_access')) return members;
    const scopes = (parameters.get('scope') ?? `openid ${wanted.resource}/.default`).split(/\s+/);
    return { ...members, refresh_token: refreshTokens.issue({ user, client: client.principal, scopes }) };
  }

  /** @throws EntraError when the assertion is not a person's token for this very client */
  private verified(assertion: string, { tenantId }: TokenRequest, client: ServicePrincipal): VerifiedClaims {
    const { clientId, identifierUris, name } = client;
    const audience = [clientId, ...identifierUris];
    const claims = this.verify(assertion, { audience, tenantId }, client);
    if (claims.idtyp === 'app') {
      throw new EntraError(7000114, {
        description: `Application '${clientId}'(${name}) is not allowed to make application on-behalf-of calls.`,
      });
    }
    return claims;
  }

  private verify(assertion: string, expected: TokenExpectation, client: ServicePrincipal): VerifiedClaims {
    try {
      return this.parts.verifier.verify(assertion, expected);
    } catch (error) {
      if (!(error instanceof TokenRefusedError)) throw error;
      throw this.inEntrasWords(error.reason, client, assertion);
    }
  }

  private inEntrasWords(reason: TokenRefusedReason, client: ServicePrincipal, assertion: string): EntraError {
    const { clientId, name, identifierUris } = client;
    const { aud, nbf, exp } = (this.parts.jwt.decode(assertion) ?? {}) as Partial<VerifiedClaims>;
    switch (reason) {
      case 'malformed':
        return new EntraError(50027);
      case 'signature':
      case 'tenant':
        return new EntraError(50013, {
          error: 'invalid_grant',
          status: 400,
          description:
            'Assertion failed signature validation. [Reason - The provided signature value did not match the expected signature value.]',
        });
      case 'audience':
        return new EntraError(500131, {
          description: `Assertion audience does not match the Client app presenting the assertion. The audience in the assertion was '${aud}' and the expected audience is '${identifierUris[0] ?? clientId}' or one of the Application Uris of this application with App ID '${clientId}'(${name}). The downstream client must request a token for the expected audience (the application that made the OBO request) and this application should use that token as the assertion.`,
        });
      case 'expired':
      case 'not-yet-valid':
        return new EntraError(500133, {
          description: `Assertion is not within its valid time range. Ensure that the access token is not expired before using it for user assertion, or request a new token. Current time: ${new Date(this.parts.now()).toISOString()}, assertion valid from ${isoTime(nbf)}, expiry time of assertion ${isoTime(exp)}.`,
        });
    }
  }
}

function isoTime(seconds = 0): string {
  return new Date(seconds * 1000).toISOString();
}

/** Without a person in front of it the exchange cannot go on: the API has to hand the claims back to its caller. */
function interactionRequired(code: number): EntraError {
  return new EntraError(code, aadstsDefaults(code).claims === true ? { error: 'interaction_required' } : {});
}

function personIn({ oid, name, upn, preferred_username: preferred }: VerifiedClaims): {
  objectId: string;
  name?: string;
  userPrincipalName?: string;
} {
  const userPrincipalName = [upn, preferred].find((one) => typeof one === 'string');
  return {
    objectId: oid,
    ...(typeof name === 'string' && { name }),
    ...(userPrincipalName !== undefined && { userPrincipalName }),
  };
}
