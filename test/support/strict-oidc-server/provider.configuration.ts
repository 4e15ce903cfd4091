import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';

import { UnboundedAdapter } from './unbounded.adapter.js';
import type { StrictClient, StrictClientKind, StrictServerSettings } from './protocol.js';

/** The one user of the server. */
export const accountId = 'bbbbbbbb-1111-2222-3333-cccccccccccc';

const authenticationMethods: Readonly<Record<StrictClientKind, string>> = {
  post: 'client_secret_post',
  basic: 'client_secret_basic',
  privateKeyJwt: 'private_key_jwt',
  public: 'none',
};
const openIdScopes = ['openid', 'offline_access', 'profile', 'email'];

export interface ProviderParts {
  tenantId: string;
  clients: Readonly<Record<StrictClientKind, StrictClient>>;
  settings: StrictServerSettings;
}

/** The server's strictness: each refresh token is good for one use, for any client. */
export function providerConfiguration({ tenantId, clients, settings }: ProviderParts): object {
  const adapters = new Map<string, UnboundedAdapter>();
  return {
    adapter: (model: string) => {
      const adapter = adapters.get(model) ?? new UnboundedAdapter();
      adapters.set(model, adapter);
      return adapter;
    },
    rotateRefreshToken: true,
    clients: Object.entries(clients).map(([kind, client]) => registration(kind as StrictClientKind, client)),
    clientAuthMethods: Object.values(authenticationMethods),
    jwks: { keys: [signingKey()] },
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    findAccount: () => ({ accountId, claims: () => ({ sub: accountId, name: 'Nora Notes' }) }),
    routes: { token: `/${tenantId}/oauth2/v2.0/token` },
    scopes: openIdScopes,
    ttl: {
      AccessToken: settings.accessTokenLifetimeInSeconds ?? 3600,
      RefreshToken: settings.refreshTokenLifetimeInSeconds ?? 90 * 86_400,
      Grant: 365 * 86_400,
      IdToken: 3600,
    },
    extraTokenClaims: () => ({ tid: tenantId, oid: accountId, upn: 'nora@contoso.example', appidacr: '1' }),
    features: {
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        defaultResource: (
          context: { oidc: { params: { scope?: string } } },
          _client: unknown,
          granted: string[],
        ) => resourceOf(context.oidc.params.scope, granted),
        getResourceServerInfo: (_context: unknown, resource: string) => ({
          scope: `${resource}/.default`,
          audience: resource,
          accessTokenFormat: 'jwt',
          accessTokenTTL: settings.accessTokenLifetimeInSeconds ?? 3600,
        }),
      },
    },
  };
}

/** The APIs that scopes such as `https://graph.microsoft.com/.default` belong to. */
export function resourcesOf(scopes: readonly string[]): string[] {
  const ofApis = scopes.filter((scope) => !openIdScopes.includes(scope));
  return [...new Set(ofApis.map((scope) => scope.slice(0, scope.lastIndexOf('/'))))];
}

function resourceOf(scope: string | undefined, granted: string[] = []): string | undefined {
  return scope === undefined ? granted[0] : resourcesOf(scope.split(' '))[0];
}

function registration(kind: StrictClientKind, client: StrictClient): object {
  return {
    client_id: client.clientId,
    client_secret: client.clientSecret,
    token_endpoint_auth_method: authenticationMethods[kind],
    grant_types: ['authorization_code', 'refresh_token'],
    redirect_uris: ['https://notes.example/signed-in'],
    ...(client.certificatePem !== undefined && { jwks: { keys: [publicKey(client.certificatePem)] } }),
  };
}

function publicKey(certificatePem: string): object {
  return { ...createPublicKey(certificatePem).export({ format: 'jwk' }), use: 'sig' };
}

function signingKey(): object {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256' };
}
