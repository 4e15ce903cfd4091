import { parseRetryAfter } from '../common/backoff.js';
import type { EntraAuthError } from '../common/entra-auth.error.js';
import { parseJsonObject } from '../common/json-object.js';
import { withoutSecrets } from '../common/known-secrets.js';
import { redact } from '../common/redaction.js';
import { shortened } from '../common/thrown.js';
import {
  aadstsMeaning,
  clientCodes,
  expiredCodes,
  findAadsts,
  resourceCodes,
  signIn,
  signInCodes,
} from './aadsts.js';
import {
  InvalidClientError,
  ReauthenticationRequiredError,
  RefreshTokenExpiredError,
  TokenRequestFailedError,
} from './token-endpoint.error.js';

/**
 * The body of a response that grants no token, of Entra or of a managed identity endpoint.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-5.2
 */
export interface TokenErrorBody {
  /** OAuth error code. */
  error: string | undefined;
  /** `error_description` of Entra and of IMDS, `message` of App Service. */
  description: string | undefined;
  aadsts: number | undefined;
  /** What the next sign-in must ask for: a JSON object as text. */
  claims: string | undefined;
}

/** A response that grants no token. */
export interface TokenErrorResponse {
  status: number;
  /** Header `Retry-After`. */
  retryAfter: string | undefined;
  body: string;
}

const clientErrors: readonly unknown[] = ['invalid_client', 'unauthorized_client'];
const signInErrors: readonly unknown[] = [
  'invalid_grant',
  'interaction_required',
  'consent_required',
  'login_required',
];
const permanentErrors: readonly unknown[] = [
  ...clientErrors,
  'invalid_grant',
  'invalid_scope',
  'invalid_resource',
  'unsupported_grant_type',
];
const passingErrors: readonly unknown[] = ['temporarily_unavailable', 'server_error', 'slow_down'];
const passingStatuses: readonly unknown[] = [408, 425, 429];

// Far more than the message shows: a secret cut in two would not be recognized.
const mostRead = 16_384;
const longestShown = 400;
// A header that passes them on has room for no more.
const longestClaims = 4_096;

/** Reads a body. A body that is not a JSON object yields at most its `AADSTS…` code. */
export function readTokenErrorBody(body: string): TokenErrorBody {
  const object = parseJsonObject(body) ?? {};
  const text = (...names: string[]): string | undefined =>
    names
      .map((name) => (Object.hasOwn(object, name) ? object[name] : undefined))
      .find((value): value is string => typeof value === 'string' && value.trim() !== '');
  const description = text('error_description', 'message', 'Message');
  const aadsts = findAadsts(description ?? body) ?? firstCode(object['error_codes']);
  return { error: text('error', 'ErrorCode'), description, aadsts, claims: claimsIn(text('claims')) };
}

function claimsIn(text: string | undefined): string | undefined {
  if (text === undefined || text.length > longestClaims) return undefined;
  return parseJsonObject(text) === undefined ? undefined : text;
}

/** Whether the OAuth error code calls for a repair. */
export function isPermanent({ error }: Pick<TokenErrorBody, 'error'>): boolean {
  return permanentErrors.includes(error);
}

/**
 * Turns an error response of the token endpoint into the error that callers get, by `error` and the `AADSTS…` code.
 *
 * @param secrets what the request contained, kept out of the message
 * @param now when the response arrived
 * @see https://learn.microsoft.com/entra/identity-platform/reference-error-codes
 */
export function tokenEndpointErrorOf(
  { status, retryAfter, body }: TokenErrorResponse,
  secrets: readonly string[],
  now: number,
): EntraAuthError {
  const { aadsts, claims, ...texts } = readTokenErrorBody(body);
  const error = oneLine(texts.error, secrets);
  const description = oneLine(texts.description, secrets);
  const meaning = aadstsMeaning(aadsts);
  const name = error === undefined ? `status ${status}` : `"${error}" (status ${status})`;
  const problem = `The token endpoint refused with ${name}${description === undefined ? '.' : `: ${description}`}`;
  const details = { statusCode: status, error, aadsts };
  const failed = (retryable: boolean, fix: string): TokenRequestFailedError => {
    const retryAfterInMs = parseRetryAfter(retryAfter, now);
    return new TokenRequestFailedError(problem, fix, { ...details, retryable, retryAfterInMs });
  };

  const passing = status >= 500 || passingStatuses.includes(status) || passingErrors.includes(texts.error);
  if (passing || meaning?.retryable) return failed(true, meaning?.retryable ? meaning.remedy : repeated);
  if (meaning !== undefined && expiredCodes.has(aadsts)) {
    return new RefreshTokenExpiredError(problem, meaning.remedy, details);
  }
  if (clientErrors.includes(texts.error) || clientCodes.has(aadsts)) {
    return new InvalidClientError(problem, meaning?.remedy ?? checkClient, details);
  }
  if (signInErrors.includes(texts.error) || signInCodes.has(aadsts) || resourceCodes.has(aadsts)) {
    return new ReauthenticationRequiredError(problem, meaning?.remedy ?? signIn, { ...details, claims });
  }
  return failed(false, meaning?.remedy ?? (isRedirect(status) ? checkRedirect : checkRequest));
}

const repeated = 'The request is repeated in the background.';
const checkClient = 'Check the client id and its secret, certificate or assertion.';
const checkRequest = 'Check the authority host, the tenant id and the scopes.';
const checkRedirect =
  'Check the authority host: redirects are not followed, since they would take the refresh token elsewhere.';

const isRedirect = (status: number): boolean => status >= 300 && status < 400;

/** Shortens a text of the server to one line without secrets. */
function oneLine(text: string | undefined, secrets: readonly string[]): string | undefined {
  if (text === undefined) return undefined;
  const line = redact(withoutSecrets(text.slice(0, mostRead), secrets))
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
  return shortened(line, longestShown);
}

function firstCode(codes: unknown): number | undefined {
  const first: unknown = Array.isArray(codes) ? codes[0] : undefined;
  return typeof first === 'number' ? first : undefined;
}
