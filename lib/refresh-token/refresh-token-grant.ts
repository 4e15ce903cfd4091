import type { Timestamp } from '../common/clock.js';
import { isEntraAuthError, type EntraAuthError } from '../common/entra-auth.error.js';
import { parseJsonObject } from '../common/json-object.js';
import { asError } from '../common/thrown.js';
import { TokenRequestFailedError } from '../entra/token-endpoint.error.js';
import { tokenEndpointErrorOf } from '../entra/token-error-response.js';
import { currentObservation, noteResponse } from '../entra/wire-observation.js';
import { errorWithoutSecrets } from './error-without-secrets.js';
import { postForm, type FormResponse } from './post-form.js';
import { findRefreshToken, processTokenResponse } from './process-token-response.js';
import { ProxyError } from './proxy-of-environment.js';
import type { RefreshTokenSettings } from './refresh-token.settings.js';
import type { TokenRequest } from './token-request.js';
import type { TokenResponse } from './token-response.js';

/** The outcome of a redemption that the server accepted. */
export interface Redemption {
  /** The successor, if the response has one. To be stored before `response` is called. */
  refreshToken: string | undefined;
  /** @throws {TokenRequestFailedError} when the rest of the response cannot be used */
  response(): TokenResponse;
}

interface GrantResponse extends FormResponse {
  /** What the request contained, kept out of errors. */
  secrets: readonly string[];
  receivedAt: Timestamp;
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
  return processGrantResponse(await refreshTokenGrantRequest(refreshToken, request, settings));
}

async function refreshTokenGrantRequest(
  refreshToken: string,
  { tenantId, tokenEndpoint, parameters }: TokenRequest,
  { clientId, authentication, transport }: RefreshTokenSettings,
): Promise<GrantResponse> {
  const client = await authentication.authenticate({ tokenEndpoint, clientId, tenantId });
  const secrets = [refreshToken, ...client.secrets];
  const form = {
    url: new URL(tokenEndpoint),
    parameters: new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: refreshToken,
      ...parameters,
      ...client.parameters,
    }),
    authorization: client.authorization,
  };
  try {
    const response = await postForm(form, transport);
    const receivedAt = transport.clock.now();
    noteResponse(currentObservation(), response, receivedAt);
    return { ...response, secrets, receivedAt };
  } catch (error) {
    throw networkErrorOf(error, secrets);
  }
}

function processGrantResponse(response: GrantResponse): Redemption {
  const { status, body, broken, secrets, receivedAt } = response;
  if (status !== 200) throw tokenEndpointErrorOf(response, secrets, receivedAt);
  return {
    refreshToken: findRefreshToken(body),
    response: () => {
      if (broken !== undefined) throw networkErrorOf(broken, secrets, status);
      return processTokenResponse(parseJsonObject(body), receivedAt);
    },
  };
}

function networkErrorOf(error: unknown, secrets: readonly string[], statusCode?: number): EntraAuthError {
  if (isEntraAuthError(error) && error.code === 'ENTRA_INSECURE_CONNECTION') return error;
  if (error instanceof ProxyError) {
    return new TokenRequestFailedError(error.problem, error.fix, { retryable: error.retryable });
  }
  const cause = errorWithoutSecrets(asError(error), secrets);
  const what = statusCode === undefined ? 'could not be reached' : 'ended its response early';
  const reason = cause.message === '' ? cause.name : cause.message.replace(/\.$/, '');
  return new TokenRequestFailedError(
    `The token endpoint ${what}: ${reason}.`,
    'Check the network, the authority host and, for a private certificate authority, "certificateAuthority" (`--ca-file` of the command).',
    { retryable: true, cause, statusCode },
  );
}
