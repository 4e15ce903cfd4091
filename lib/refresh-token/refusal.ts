import type { EntraAuthError } from '../common/entra-auth.error.js';
import { shortened } from '../common/thrown.js';
import { parseJsonObject } from '../common/json-object.js';
import { withoutSecrets } from '../common/known-secrets.js';
import { redact } from '../common/redaction.js';
import { parseRetryAfter } from '../common/backoff.js';
import { aadstsMeaning, findAadsts, signIn, type AadstsKind } from '../entra/aadsts.js';
import { InvalidClientError } from '../entra/invalid-client.error.js';
import { ReauthenticationRequiredError } from '../entra/reauthentication-required.error.js';
import { RefreshTokenExpiredError } from '../entra/refresh-token-expired.error.js';
import { TokenRequestFailedError } from '../entra/token-request-failed.error.js';

/** A response that grants nothing. */
export interface Refusal {
  status: number;
  retryAfter: string | undefined;
  body: string;
}

const signInErrors: readonly unknown[] = [
  'invalid_grant',
  'interaction_required',
  'consent_required',
  'login_required',
];
const signInKinds: readonly unknown[] = ['sign-in', 'interaction', 'consent'] satisfies AadstsKind[];
const resourceKinds: readonly unknown[] = ['interaction', 'consent'] satisfies AadstsKind[];
const resourceErrors: readonly unknown[] = ['interaction_required', 'consent_required'];
const clientErrors: readonly unknown[] = ['invalid_client', 'unauthorized_client'];
const passingErrors: readonly unknown[] = ['temporarily_unavailable', 'server_error', 'slow_down'];
const passingStatuses: readonly unknown[] = [408, 425, 429];

// Far more than is shown, so that a secret that is cut in two is not.
const mostRead = 16_384;
const longestShown = 400;

const repeated = 'The request is repeated in the background.';

/**
 * What a refusal means, by `error` and by the `AADSTS…` number.
 *
 * @param secrets what was sent and must not come back in a message
 * @param now milliseconds since 1970
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-5.2
 * @see https://learn.microsoft.com/entra/identity-platform/reference-error-codes
 */
export function classifyRefusal(refusal: Refusal, secrets: readonly string[], now: number): EntraAuthError {
  const { status } = refusal;
  const body = parseJsonObject(refusal.body) ?? {};
  const text = (key: string): string | undefined => clean(body[key], secrets);
  const error = text('error');
  const description = text('error_description') ?? '';
  const aadsts = findAadsts(description) ?? firstCode(body['error_codes']);
  const meaning = aadsts === undefined ? undefined : aadstsMeaning(aadsts);
  const problem = `The token endpoint refused with ${name(error, status)}${description === '' ? '.' : `: ${description}`}`;
  const details = aadsts === undefined ? {} : { aadsts };
  const failed = (retryable: boolean, fix: string): TokenRequestFailedError => {
    const retryAfterInMs = parseRetryAfter(refusal.retryAfter, now);
    return new TokenRequestFailedError(problem, fix, {
      ...details,
      retryable,
      statusCode: status,
      ...(error === undefined ? {} : { error }),
      ...(retryAfterInMs === undefined ? {} : { retryAfterInMs }),
    });
  };

  const passing = status >= 500 || passingStatuses.includes(status) || passingErrors.includes(error);
  if (passing || meaning?.retryable) return failed(true, meaning?.retryable ? meaning.fix : repeated);
  if (meaning?.kind === 'expired') {
    return new RefreshTokenExpiredError(problem, meaning.fix, details);
  }
  if (clientErrors.includes(error) || meaning?.kind === 'client') {
    const fix = meaning?.fix ?? 'Check the client id and its secret, certificate or assertion.';
    return new InvalidClientError(problem, fix, details);
  }
  if (signInErrors.includes(error) || signInKinds.includes(meaning?.kind)) {
    return new ReauthenticationRequiredError(problem, meaning?.fix ?? signIn, {
      ...details,
      ...(error === undefined ? {} : { error }),
    });
  }
  return failed(false, meaning?.fix ?? fixOf(status));
}

/** Whether somebody must act so that the refresh token, or another one, is accepted. */
export function needsSignIn(
  error: unknown,
): error is RefreshTokenExpiredError | ReauthenticationRequiredError {
  return error instanceof RefreshTokenExpiredError || error instanceof ReauthenticationRequiredError;
}

/**
 * Whether a refusal is about what was asked for, and not about the refresh token: another resource may still be granted
 * with it.
 */
export function concernsResource(error: unknown): boolean {
  if (!(error instanceof ReauthenticationRequiredError)) return false;
  const kind = error.aadsts === undefined ? undefined : aadstsMeaning(error.aadsts)?.kind;
  return resourceKinds.includes(kind) || resourceErrors.includes(error.error);
}

function fixOf(status: number): string {
  if (status >= 300 && status < 400)
    return 'Check the authority host: redirects are not followed, since they would take the refresh token elsewhere.';
  return 'Check the authority host, the tenant id and the scopes.';
}

function name(error: string | undefined, status: number): string {
  return error === undefined ? `status ${status}` : `"${error}" (status ${status})`;
}

/** A text of the server, on one line and not too long, without what we sent it. */
function clean(value: unknown, secrets: readonly string[]): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined;
  const line = redact(withoutSecrets(value.slice(0, mostRead), secrets))
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
  return shortened(line, longestShown);
}

function firstCode(codes: unknown): number | undefined {
  const first: unknown = Array.isArray(codes) ? codes[0] : undefined;
  return typeof first === 'number' ? first : undefined;
}
