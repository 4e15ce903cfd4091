import { parseJsonObject } from '../common/json-object.js';
import { findRefreshToken, processTokenResponse } from './process-token-response.js';
import type { RefreshTokenSettings } from './refresh-token.settings.js';
import { refuseFailure, refuseBroken, tokenEndpointRequest } from './token-endpoint-request.js';
import type { TokenRequest } from './token-request.js';
import type { TokenResponse } from './token-response.js';

/** The outcome of a redemption that the server accepted. */
export interface Redemption {
  /** The successor, if the response has one. To be stored before `response` is called. */
  refreshToken: string | undefined;
  /** @throws {TokenRequestFailedError} when the rest of the response cannot be used */
  response(): TokenResponse;
}

/**
 * Redeems a refresh token, once.
 *
 * @throws {RefreshTokenExpiredError | ReauthenticationRequiredError | InvalidClientError | TokenRequestFailedError}
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-6
 */
export async function redeemRefreshToken(
  refreshToken: string,
  request: TokenRequest,
  settings: RefreshTokenSettings,
): Promise<Redemption> {
  const parameters = { grant_type: 'refresh_token', refresh_token: refreshToken };
  const grant = { parameters, secrets: [refreshToken] };
  const response = await tokenEndpointRequest(grant, request, settings);
  refuseFailure(response);
  return {
    refreshToken: findRefreshToken(response.body),
    response: () => {
      refuseBroken(response);
      return processTokenResponse(parseJsonObject(response.body), response.receivedAt);
    },
  };
}
