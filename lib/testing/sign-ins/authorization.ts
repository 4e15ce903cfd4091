import { requireParameter } from '../client-authentication/token-request.js';
import type { Apis } from '../directory/apis.js';
import type { Directory } from '../directory/directory.js';
import type { LocalUser } from '../directory/people.js';
import type { ServicePrincipal } from '../directory/service-principal.js';
import { EntraError } from '../errors/entra.error.js';
import { delegatedScope } from '../tokens/delegated-scope.js';
import type { AuthorizationCode, SignInRegistry } from './sign-in.registry.js';

/** The way back to the application. */
export interface AuthorizationRedirect {
  redirectUri: string;
  parameters: URLSearchParams;
  mode: 'query' | 'fragment' | 'form_post';
}

const modes: readonly string[] = ['query', 'fragment', 'form_post'];

/** Decides requests to the authorization endpoint. */
export class Authorization {
  constructor(
    private readonly directory: Directory,
    private readonly apis: Apis,
    private readonly signIns: SignInRegistry,
  ) {}

  /**
   * Sends the browser back, or returns undefined when a person has to sign in first.
   *
   * @param tenantName - As the path names it.
   * @param session - Who is signed in.
   * @throws EntraError for what Entra shows on a page of its own, since it may not trust the redirect URI
   */
  decide(
    tenantName: string,
    request: URLSearchParams,
    session: LocalUser | undefined,
  ): AuthorizationRedirect | undefined {
    const tenantId = this.directory.requireTenantFor(tenantName, request.get('client_id'));
    const client = this.directory.requireClient(tenantId, requireParameter(request, 'client_id'));
    const redirect = redirectOf(request, client);
    const back = (parameters: Record<string, string>): AuthorizationRedirect => ({
      redirectUri: redirect.uri,
      mode: modeOf(request),
      parameters: new URLSearchParams([...Object.entries(parameters), ...stateOf(request)]),
    });
    try {
      const sought = this.sought(tenantId, request, redirect.spa);
      const silent = request.get('prompt') === 'none';
      if (session === undefined && silent) throw new EntraError(50058);
      if (session === undefined || (request.get('prompt') === 'login' && !request.has('username'))) {
        return undefined;
      }
      const refusal = this.signIns.refusalOf(session);
      if (refusal !== undefined && silent) throw new EntraError(refusal, { error: 'interaction_required' });
      const origin = { user: session, client, redirectUri: redirect.uri, spa: redirect.spa };
      return back({ code: this.signIns.issueCode({ ...origin, ...sought }) });
    } catch (error) {
      if (!(error instanceof EntraError)) throw error;
      return back({ error: error.error, error_description: error.message });
    }
  }

  private sought(
    tenantId: string,
    request: URLSearchParams,
    spa: boolean,
  ): Pick<AuthorizationCode, 'scope' | 'nonce' | 'challenge'> {
    const type = requireParameter(request, 'response_type');
    if (type !== 'code') {
      throw new EntraError(700054, {
        description: `response_type '${type}' is not enabled for the application.`,
      });
    }
    const scope = requireParameter(request, 'scope');
    delegatedScope(scope, tenantId, this.apis);
    const challenge = challengeOf(request);
    if (spa && challenge === undefined) throw new EntraError(9002325);
    return { scope, nonce: request.get('nonce') ?? undefined, challenge };
  }
}

/** The address that the browser is sent to. */
export function addressOf({ redirectUri, parameters, mode }: AuthorizationRedirect): URL {
  const url = new URL(redirectUri);
  if (mode === 'query') for (const [name, value] of parameters) url.searchParams.set(name, value);
  if (mode === 'fragment') url.hash = parameters.toString();
  return url;
}

function redirectOf(request: URLSearchParams, client: ServicePrincipal): { uri: string; spa: boolean } {
  const { redirectUris, spaRedirectUris, clientId } = client;
  const uri = request.get('redirect_uri') ?? [...redirectUris, ...spaRedirectUris][0];
  if (uri === undefined) throw new EntraError(500113);
  const spa = spaRedirectUris.some((registered) => matches(registered, uri));
  if (spa || redirectUris.some((registered) => matches(registered, uri))) return { uri, spa };
  throw new EntraError(50011, {
    description: `The redirect URI '${uri}' specified in the request does not match the redirect URIs configured for the application '${clientId}'. Make sure the redirect URI sent in the request matches one added to your application in the Azure portal. Navigate to https://aka.ms/redirectUriMismatchError to learn more about how to troubleshoot this.`,
  });
}

/** @see https://learn.microsoft.com/entra/identity-platform/reply-url#localhost-exceptions */
function matches(registered: string, uri: string): boolean {
  return registered === uri || withoutLoopbackPort(registered) === withoutLoopbackPort(uri);
}

function withoutLoopbackPort(uri: string): string {
  return uri.replace(/^(http:\/\/(?:localhost|127\.0\.0\.1)):\d+(?=\/|$)/, '$1');
}

function challengeOf(request: URLSearchParams): AuthorizationCode['challenge'] {
  const value = request.get('code_challenge');
  const method = request.get('code_challenge_method') ?? 'plain';
  if (value === null) return undefined;
  if (method !== 'S256' && method !== 'plain') throw new EntraError(50149);
  if (!/^[\w.~-]{43,128}$/.test(value)) throw new EntraError(501491);
  return { value, method };
}

function modeOf(request: URLSearchParams): AuthorizationRedirect['mode'] {
  const asked = request.get('response_mode');
  return modes.includes(asked ?? '') ? (asked as AuthorizationRedirect['mode']) : 'query';
}

function stateOf(request: URLSearchParams): [string, string][] {
  const state = request.get('state');
  return state === null ? [] : [['state', state]];
}
