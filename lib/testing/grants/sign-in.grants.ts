import { createHash } from 'node:crypto';
import type { ClientAuthenticator } from '../client-authentication/client.authenticator.js';
import type { AuthenticatedClient } from '../client-authentication/client-authentication.js';
import { requireParameter, type TokenRequest } from '../client-authentication/token-request.js';
import { EntraError } from '../errors/entra.error.js';
import type { RefreshTokenRegistry } from '../refresh-tokens/refresh-token.registry.js';
import type { AuthorizationCode, SignInRegistry } from '../sign-ins/sign-in.registry.js';
import { delegatedScope } from '../tokens/delegated-scope.js';
import type { Grant } from './grant.js';
import type { UserTokens } from './user-tokens.js';

/** What the grants that follow a sign-in work with. */
export interface SignInGrantParts {
  authenticator: ClientAuthenticator;
  signIns: SignInRegistry;
  refreshTokens: RefreshTokenRegistry;
  userTokens: UserTokens;
}

/** Who has signed in, and for what. */
interface FinishedSignIn {
  user: AuthorizationCode['user'];
  scope: string;
  nonce: string | undefined;
  spa: boolean;
}

/**
 * A token for the person who has just come back from the sign-in page.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7636
 * @see https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow#redeem-a-code-for-an-access-token
 */
export class AuthorizationCodeGrant implements Grant {
  readonly type = 'authorization_code';

  constructor(private readonly parts: SignInGrantParts) {}

  respond(request: TokenRequest): Record<string, unknown> {
    const { authenticator, signIns } = this.parts;
    const { parameters } = request;
    const named = parameters.get('code');
    const spa = named !== null && signIns.isOfSinglePage(named);
    const client = spa ? authenticator.knowSinglePage(request) : authenticator.authenticateOrKnow(request);
    const code = signIns.requireCode(requireParameter(parameters, 'code'), client.principal);
    const redirectUri = requireParameter(parameters, 'redirect_uri');
    if (redirectUri !== code.redirectUri) {
      throw new EntraError(500112, {
        description: `The reply address '${redirectUri}' does not match the reply address '${code.redirectUri}' provided when requesting Authorization code.`,
      });
    }
    checkVerifier(code, parameters.get('code_verifier'));
    const scope = parameters.get('scope') ?? code.scope;
    return respond(this.parts, request, client, { ...code, scope }, () => (code.used = true));
  }
}

/**
 * A token for the person who has entered the code that a device shows.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8628#section-3.4
 * @see https://learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code
 */
export class DeviceCodeGrant implements Grant {
  /** @param type - MSAL sends the short name that Entra took before there was a standard. */
  constructor(
    private readonly parts: SignInGrantParts,
    readonly type: 'device_code' | 'urn:ietf:params:oauth:grant-type:device_code',
  ) {}

  respond(request: TokenRequest): Record<string, unknown> {
    const { authenticator, signIns } = this.parts;
    const client = authenticator.authenticateOrKnow(request);
    const named = requireParameter(request.parameters, 'device_code');
    const device = signIns.requireDevice(named, client.principal);
    const { user, scope } = device;
    const finished = { user, scope, nonce: undefined, spa: false };
    return respond(this.parts, request, client, finished, () => signIns.forgetDevice(named));
  }
}

function respond(
  { userTokens, refreshTokens, signIns }: SignInGrantParts,
  request: TokenRequest,
  client: AuthenticatedClient,
  { user, scope, nonce, spa }: FinishedSignIn,
  use: () => void,
): Record<string, unknown> {
  const refusal = signIns.refusalOf(user);
  if (refusal !== undefined) throw new EntraError(refusal);
  const wanted = delegatedScope(scope, request.tenantId, userTokens.apis);
  const withIdToken = wanted.openId.includes('openid');
  const members = userTokens.issue({ request, client, user, wanted, withIdToken, nonce });
  use();
  if (!wanted.openId.includes('offline_access') || request.grantFault?.kind === 'missing-refresh-token') {
    return members;
  }
  const refreshToken = refreshTokens.issue({
    user,
    client: client.principal,
    scopes: scope.split(/\s+/),
    spa,
    ...(nonce !== undefined && { nonce }),
  });
  return { ...members, refresh_token: refreshToken };
}

/** @throws EntraError when the code belongs to another application */
function checkVerifier({ challenge }: AuthorizationCode, verifier: string | null): void {
  if (challenge === undefined && verifier === null) return;
  if (challenge === undefined || verifier === null) throw new EntraError(50148);
  const digest =
    challenge.method === 'S256' ? createHash('sha256').update(verifier).digest('base64url') : verifier;
  if (digest !== challenge.value) throw new EntraError(501481);
}
