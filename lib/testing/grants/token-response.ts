import type { IssuedToken } from '../tokens/issued-token.js';
import type { TokenSettings } from '../tokens/token.settings.js';

/**
 * The members of a response that every grant has.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-5.1
 */
export function tokenResponse(issued: IssuedToken, settings: TokenSettings): Record<string, string | number> {
  const expiresIn = Math.max(0, issued.expiresOn - Math.floor(settings.now() / 1000));
  return {
    token_type: 'Bearer',
    expires_in: expiresIn,
    ext_expires_in: expiresIn,
    ...(settings.refreshInSeconds === undefined ? {} : { refresh_in: settings.refreshInSeconds }),
    access_token: issued.token,
  };
}
