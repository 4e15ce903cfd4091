import { asError } from '../common/thrown.js';
import { isEntraAuthError, type EntraAuthError } from '../common/entra-auth.error.js';
import { parseJsonObject } from '../common/json-object.js';
import { TokenRequestFailedError } from '../entra/token-endpoint.error.js';
import { tokenEndpointErrorOf } from '../entra/token-error-response.js';
import { currentObservation, noteResponse } from '../entra/wire-observation.js';
import { errorWithoutSecrets } from './error-without-secrets.js';
import { postForm, type FormResponse } from './post-form.js';
import { findRefreshToken, processTokenResponse } from './process-token-response.js';
import { ProxyError } from './proxy.error.js';
import type { RefreshTokenSettings } from './refresh-token.settings.js';
import type { TokenRequest } from './token-request.js';
import type { TokenResponse } from './token-response.js';

/** What came of a redemption that the server did not refuse. */
export interface Redemption {
  /** The successor, when one came. To be stored before `response` is asked for. */
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
  const { clientId, transport } = settings;
  const { tenantId, tokenEndpoint } = request;
  const proof = await settings.authentication.authenticate({ tokenEndpoint, clientId, tenantId });
  const parameters = new URLSearchParams({
    grant_type: 'refresh_token',
    refresh_token: refreshToken,
    ...request.parameters,
    ...proof.parameters,
  });
  const secrets = [refreshToken, ...proof.secrets];
  let answer: FormResponse;
  try {
    const { authorization } = proof;
    answer = await postForm({ url: new URL(tokenEndpoint), parameters, authorization }, transport);
  } catch (error) {
    throw unreachable(error, secrets);
  }
  const now = transport.clock.now();
  noteResponse(currentObservation(), answer, now);
  const { status, body, broken } = answer;
  if (status !== 200) throw tokenEndpointErrorOf(answer, secrets, now);
  return {
    refreshToken: findRefreshToken(body),
    response: () => {
      if (broken !== undefined) throw unreachable(broken, secrets, status);
      return processTokenResponse(parseJsonObject(body), now);
    },
  };
}

function unreachable(error: unknown, secrets: readonly string[], statusCode?: number): EntraAuthError {
  if (isEntraAuthError(error) && error.code === 'ENTRA_INSECURE_CONNECTION') return error;
  if (error instanceof ProxyError) {
    return new TokenRequestFailedError(error.problem, error.fix, { retryable: error.retryable });
  }
  const cause = errorWithoutSecrets(asError(error), secrets);
  const what = statusCode === undefined ? 'could not be reached' : 'broke its answer off';
  const reason = cause.message === '' ? cause.name : cause.message.replace(/\.$/, '');
  return new TokenRequestFailedError(
    `The token endpoint ${what}: ${reason}.`,
    'Check the network, the authority host and, for a private certificate authority, "certificateAuthority" (`--ca-file` of the command).',
    { retryable: true, cause, statusCode },
  );
}
