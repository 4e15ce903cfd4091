import { parseRetryAfter } from '../../common/backoff.js';
import { EntraTimeoutError } from '../../common/entra-auth.error.js';
import { redact, redactError } from '../../common/redaction.js';
import { aadstsMeaning } from '../../entra/aadsts.js';
import { TokenRequestFailedError } from '../../entra/token-endpoint.error.js';
import { readTokenErrorBody } from '../../entra/token-error-response.js';
import type { HttpResponse } from './get-once.js';
import type { IdentityId } from './identity-source.js';

// 404 and 410 come while IMDS is updated, for up to 70 seconds.
const passingStatuses: ReadonlySet<number> = new Set([404, 408, 410, 425, 429]);
const unknownIdentity =
  /identity not found|no (?:user assigned|managed identity|delegated)|no azure ad identity/i;
const longestReason = 300;
const tryAgain = 'The platform is busy or being updated; try again later, as the background refresh does.';
export const checkAddress =
  'Check what responds at that address: it does not behave like a managed identity endpoint.';
const onlyOnAzure =
  "Check that this machine runs on Azure and may reach the endpoint; elsewhere use { kind: 'default' } and `az login`.";

/** Turns a response without a token into an error. */
export function failureOfResponse(
  name: string,
  id: IdentityId,
  response: HttpResponse,
  now: number,
): TokenRequestFailedError {
  const { status, retryAfter, body } = response;
  const { error, description, aadsts } = readTokenErrorBody(body);
  const reason = oneLine(description ?? error);
  const meaning = aadstsMeaning(aadsts);
  const passing = status < 400 || status >= 500 || passingStatuses.has(status) || isUnreachable(response);
  const ending = reason === undefined ? '' : `: ${reason}`;
  return new TokenRequestFailedError(
    `Managed identity: ${name} answered with HTTP status ${status}${status === 200 ? ' without a token' : ''}${ending}.`,
    meaning?.remedy ?? remedyFor(id, status, passing, reason ?? ''),
    {
      retryable: meaning?.retryable ?? passing,
      statusCode: status,
      error: error !== undefined && /^[\w.-]{1,64}$/.test(error) ? error : undefined,
      aadsts,
      retryAfterInMs: parseRetryAfter(retryAfter, now),
    },
  );
}

function remedyFor(id: IdentityId, status: number, passing: boolean, reason: string): string {
  if (unknownIdentity.test(reason)) return assign(id);
  if (!passing) return checkSetUp(id);
  return status === 200 ? checkAddress : tryAgain;
}

/** Turns a request without a response into an error. */
export function failureOfRequest(name: string, error: unknown): Error {
  if (error instanceof EntraTimeoutError) return error;
  const cause = redactError(error);
  return new TokenRequestFailedError(
    `Managed identity: ${name} gave no response: ${cause.message}.`,
    onlyOnAzure,
    {
      retryable: true,
      cause,
    },
  );
}

/** Whether the response comes from the network of the container: Docker Desktop sends 403. */
export function isUnreachable({ status, body }: HttpResponse): boolean {
  return status === 403 && body.includes('unreachable');
}

function oneLine(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const line = redact(text.slice(0, 4 * longestReason))
    .replace(/\s+/g, ' ')
    .trim();
  return (line.length > longestReason ? `${line.slice(0, longestReason)}…` : line).replace(/\.$/, '');
}

function assign(id: IdentityId): string {
  const [key, value] = given(id);
  return key === undefined
    ? 'Assign a managed identity to this machine or application, or name a user-assigned one by "clientId".'
    : `Assign the identity with the ${key} "${value}" to this machine or application, or correct the option "${key}".`;
}

function checkSetUp(id: IdentityId): string {
  const [key] = given(id);
  const option = key === undefined ? '' : `, the option "${key}"`;
  return `Check the managed identity of this machine or application${option} and the scope of the resource.`;
}

function given(id: IdentityId): [keyof IdentityId, string] | [undefined, undefined] {
  const [entry] = Object.entries(id) as [keyof IdentityId, string][];
  return entry ?? [undefined, undefined];
}
