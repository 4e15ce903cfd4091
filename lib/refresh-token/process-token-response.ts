import type { Timestamp } from '../common/clock.js';
import { endOfText, parseJsonObject } from '../common/json-object.js';
import { longestTokenLength } from '../entra/invalid-token.error.js';
import { readClaims } from '../entra/json-web-token.js';
import { TokenRequestFailedError } from '../entra/token-endpoint.error.js';
import { TokenResponse } from './token-response.js';

const known = new Set([
  'token_type',
  'expires_in',
  'ext_expires_in',
  'refresh_in',
  'access_token',
  'refresh_token',
  'id_token',
  'scope',
  'resource',
  'not_before',
  'expires_on',
]);

// A longer life is a mistake, and such a date cannot be printed.
const longestLifeInSeconds = 10 * 365 * 86_400;

/**
 * Finds the refresh token in a response, also in one that ended after it: the server has replaced the old one by then.
 */
export function findRefreshToken(body: string): string | undefined {
  const object = parseJsonObject(body);
  const token = object === undefined ? findText(body, 'refresh_token') : object['refresh_token'];
  return isTooLong(token) ? undefined : nonEmpty(token);
}

/** Finds the first member of that name whose value is a complete text. */
function findText(json: string, name: string): string | undefined {
  const beginning = new RegExp(`"${name}"\\s*:\\s*"`, 'g');
  for (let found = beginning.exec(json); found !== null; found = beginning.exec(json)) {
    const end = endOfText(json, beginning.lastIndex);
    if (end === json.length) return undefined;
    if (end > beginning.lastIndex) return parseString(json.slice(beginning.lastIndex - 1, end + 1));
    beginning.lastIndex = end;
  }
  return undefined;
}

/**
 * Processes a successful response. Numbers may be strings. Without a usable `expires_in`, `expires_on` decides, then `exp`
 * of the access token.
 *
 * @param body the response; `undefined` unless it was a JSON object
 * @param now when it arrived
 * @throws {TokenRequestFailedError} without a usable access token
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-5.1
 */
export function processTokenResponse(
  body: Record<string, unknown> | undefined,
  now: Timestamp,
): TokenResponse {
  if (body === undefined)
    throw unusable('returned a body that is not a JSON object, or only the beginning of one');
  const accessToken = nonEmpty(body['access_token']);
  if (accessToken === undefined) throw unusable('returned no access token');
  const tooLong = ['access_token', 'refresh_token', 'id_token'].find((name) => isTooLong(body[name]));
  if (tooLong !== undefined)
    throw unusable(`returned ${tooLong} of more than ${longestTokenLength} characters`);
  if (!/^[\x21-\x7e]+$/.test(accessToken)) throw unusable('returned a malformed access token');
  const type = body['token_type'];
  if (typeof type !== 'string' || type.toLowerCase() !== 'bearer') {
    throw unusable('returned an access token that is not a bearer token', false);
  }
  const expiresOn = seconds(body['expires_on']);
  const expiresIn =
    lifetime(body['expires_in']) ?? untilSeconds(expiresOn, now) ?? untilExp(accessToken, now);
  if (expiresIn === undefined) throw unusable('did not return when the access token expires');
  if (expiresIn <= 0) throw unusable('returned an access token that has already expired');
  return new TokenResponse({
    accessToken,
    refreshToken: nonEmpty(body['refresh_token']),
    idToken: nonEmpty(body['id_token']),
    scope: nonEmpty(body['scope']),
    resource: nonEmpty(body['resource']),
    expiresIn,
    extExpiresIn: lifetime(body['ext_expires_in']),
    refreshIn: lifetime(body['refresh_in']),
    notBefore: seconds(body['not_before']),
    expiresOn,
    additional: Object.freeze(Object.fromEntries(Object.entries(body).filter(([key]) => !known.has(key)))),
    receivedOnTimestamp: now,
  });
}

function unusable(what: string, retryable = true): TokenRequestFailedError {
  return new TokenRequestFailedError(
    `The token endpoint ${what}.`,
    retryable
      ? 'The request is repeated; if it keeps failing, check that the authority host leads to Entra.'
      : 'Check that the application is not set up for proof-of-possession tokens.',
    { retryable, statusCode: 200 },
  );
}

function nonEmpty(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function isTooLong(value: unknown): boolean {
  return typeof value === 'string' && value.length > longestTokenLength;
}

function parseString(quoted: string): string | undefined {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    // After a malformed escape the token is unknown.
    return undefined;
  }
}

/** Reads a time: a number, which may be a string, that is not negative. */
function seconds(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d+(\.\d+)?$/.test(value.trim()) ? Number(value) : value;
  return typeof number === 'number' && number >= 0 && number <= 8.64e12 ? number : undefined;
}

function lifetime(value: unknown): number | undefined {
  const number = seconds(value);
  return number === undefined || number > longestLifeInSeconds ? undefined : number;
}

function untilSeconds(end: number | undefined, now: number): number | undefined {
  return end === undefined ? undefined : lifetime(Math.max(0, end - now / 1000));
}

function untilExp(accessToken: string, now: number): number | undefined {
  return untilSeconds(seconds(readClaims(accessToken)?.exp), now);
}
