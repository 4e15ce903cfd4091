import type { Clock, Timestamp } from '../common/clock.js';
import { isEntraAuthError, type EntraAuthError } from '../common/entra-auth.error.js';
import { parseJsonObject } from '../common/json-object.js';
import { ReauthenticationRequiredError, TokenRequestFailedError } from '../entra/token-endpoint.error.js';
import { readTokenErrorBody } from '../entra/token-error-response.js';
import { publicClient } from './client-authentication/client-authentication.js';
import { findRefreshToken } from './process-token-response.js';
import type { RefreshTokenSettings } from './refresh-token.settings.js';
import {
  refuseBroken,
  refuseFailure,
  tokenEndpointRequest,
  type TokenEndpointResponse,
} from './token-endpoint-request.js';
import type { TokenRequest } from './token-request.js';

/** What the person who signs in must see, and how to wait for it. */
export interface DeviceAuthorization {
  /** What the person enters. */
  readonly userCode: string;
  /** Where the person enters it: an address of https. */
  readonly verificationUri: string;
  /** Secret: it stands for the sign-in at the token endpoint. */
  readonly deviceCode: string;
  readonly expiresAt: Timestamp;
  /** The shortest time between two requests, in milliseconds. */
  readonly intervalInMs: number;
}

const defaultIntervalInMs = 5_000;
const longestIntervalInMs = 60_000;
const slowDownInMs = 5_000;
const longestLifeInSeconds = 3_600;
const grantType = 'urn:ietf:params:oauth:grant-type:device_code';
const again = 'Run the command again, and finish the sign-in in time.';

/**
 * Asks for a code that a person enters in a browser.
 *
 * @throws {InvalidClientError | TokenRequestFailedError}
 * @see https://www.rfc-editor.org/rfc/rfc8628#section-3.1
 */
export async function requestDeviceCode(
  request: TokenRequest,
  settings: RefreshTokenSettings,
): Promise<DeviceAuthorization> {
  const tokenEndpoint = request.tokenEndpoint.replace(/token$/, 'devicecode');
  // The endpoint takes the id of the client alone, also of one that has a secret.
  const client = { ...settings, authentication: publicClient };
  const response = await tokenEndpointRequest(
    { parameters: {}, secrets: [] },
    { ...request, tokenEndpoint },
    client,
  );
  refuseFailure(response);
  refuseBroken(response);
  return readAuthorization(response);
}

function readAuthorization({ body, receivedAt, status }: TokenEndpointResponse): DeviceAuthorization {
  const members = parseJsonObject(body) ?? {};
  const text = (name: string, pattern: RegExp): string => {
    const value = members[name];
    if (typeof value === 'string' && pattern.test(value)) return value;
    throw new TokenRequestFailedError(
      `The device code endpoint returned no usable ${name}.`,
      'Check that the authority host leads to Entra.',
      { retryable: false, statusCode: status },
    );
  };
  const seconds = (name: string, most: number): number | undefined => {
    const value = Number(members[name]);
    return Number.isFinite(value) && value > 0 ? Math.min(value, most) : undefined;
  };
  const lifeInSeconds = seconds('expires_in', longestLifeInSeconds) ?? 900;
  const interval = seconds('interval', longestIntervalInMs / 1000);
  return {
    // Both are printed: nothing that a terminal would take for a command, and no other scheme.
    userCode: text('user_code', /^[\w-]{1,40}$/),
    verificationUri: text('verification_uri', /^https:\/\/[\x21-\x7e]{1,400}$/),
    deviceCode: text('device_code', /^[\x21-\x7e]{1,8192}$/),
    expiresAt: receivedAt + lifeInSeconds * 1000,
    intervalInMs: interval === undefined ? defaultIntervalInMs : interval * 1000,
  };
}

/**
 * Asks for the tokens of the person who signs in, again and again until there is an answer.
 *
 * @returns the refresh token
 * @throws {ReauthenticationRequiredError} when the person declined, or did not finish in time
 * @throws {InvalidClientError | TokenRequestFailedError} when Entra refuses for good, or grants no refresh token
 * @see https://www.rfc-editor.org/rfc/rfc8628#section-3.5
 */
export async function awaitSignIn(
  authorization: DeviceAuthorization,
  request: TokenRequest,
  settings: RefreshTokenSettings,
): Promise<string> {
  const { clock } = settings.transport;
  const { deviceCode, expiresAt } = authorization;
  const grant = {
    parameters: { grant_type: grantType, device_code: deviceCode },
    secrets: [deviceCode],
  };
  // The scopes were named with the code.
  const asked = { ...request, parameters: {} };
  let waitInMs = authorization.intervalInMs;
  let intervalInMs = authorization.intervalInMs;
  for (;;) {
    if (clock.now() + waitInMs >= expiresAt) throw late();
    await pause(waitInMs, clock);
    const outcome = await poll(() => tokenEndpointRequest(grant, asked, settings));
    if ('refreshToken' in outcome) return outcome.refreshToken;
    intervalInMs = Math.min(intervalInMs + outcome.slowerByInMs(intervalInMs), longestIntervalInMs);
    waitInMs = Math.max(intervalInMs, outcome.retryAfterInMs ?? 0);
  }
}

/** How much longer to wait from now on, and this time. */
interface Wait {
  slowerByInMs(intervalInMs: number): number;
  retryAfterInMs?: number | undefined;
}

const asBefore = (): number => 0;
const twice = (intervalInMs: number): number => intervalInMs;

async function poll(ask: () => Promise<TokenEndpointResponse>): Promise<{ refreshToken: string } | Wait> {
  try {
    const response = await ask();
    if (response.status === 200) return { refreshToken: refreshTokenIn(response) };
    const { error } = readTokenErrorBody(response.body);
    if (error === 'authorization_pending') return { slowerByInMs: asBefore };
    if (error === 'slow_down') return { slowerByInMs: () => slowDownInMs };
    if (error === 'expired_token' || error === 'code_expired') throw late(response.status, error);
    if (error === 'access_denied' || error === 'authorization_declined')
      throw declined(response.status, error);
    refuseFailure(response);
    throw new Error('A response that grants nothing is refused.');
  } catch (error) {
    if (!isEntraAuthError(error) || !error.retryable) throw error;
    return { slowerByInMs: twice, retryAfterInMs: (error as { retryAfterInMs?: number }).retryAfterInMs };
  }
}

function refreshTokenIn(response: TokenEndpointResponse): string {
  const refreshToken = findRefreshToken(response.body);
  if (refreshToken !== undefined) return refreshToken;
  throw new TokenRequestFailedError(
    'The person has signed in, and the token endpoint returned no refresh token.',
    'Allow the scope offline_access to the application, then sign in again.',
    { retryable: false, statusCode: response.status },
  );
}

function late(statusCode?: number, error?: string): EntraAuthError {
  return new ReauthenticationRequiredError(
    'The sign-in was not finished in time: the code has expired.',
    again,
    {
      statusCode,
      error,
    },
  );
}

function declined(statusCode: number, error: string): EntraAuthError {
  return new ReauthenticationRequiredError(
    'The sign-in was declined.',
    'Run the command again, and accept what the application asks for.',
    { statusCode, error },
  );
}

function pause(durationInMs: number, clock: Clock): Promise<void> {
  return new Promise((resolve) => void clock.setTimeout(resolve, durationInMs));
}
