import type { TokenRequest } from '../client-authentication/token-request.js';
import type { IssuedToken } from '../tokens/token.issuer.js';
import type { TokenSettings } from '../tokens/token-lifetime.js';

/**
 * The members of a response that every grant has; version 1.0 has more of them.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-5.1
 * @see https://learn.microsoft.com/previous-versions/azure/active-directory/azuread-dev/v1-protocols-oauth-code
 */
export function tokenResponse(
  issued: IssuedToken,
  settings: TokenSettings,
  version: TokenRequest['version'],
): Record<string, string | number> {
  const expiresIn = Math.max(0, issued.expiresOn - Math.floor(settings.now() / 1000));
  return {
    token_type: 'Bearer',
    expires_in: expiresIn,
    ext_expires_in: expiresIn,
    ...(settings.refreshInSeconds === undefined ? {} : { refresh_in: settings.refreshInSeconds }),
    ...(version === '1.0' && {
      not_before: issued.notBefore,
      expires_on: issued.expiresOn,
      resource: issued.audience,
    }),
    access_token: issued.token,
  };
}
