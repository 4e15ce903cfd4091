import { parseRetryAfter } from '../common/backoff.js';
import { isEntraAuthError, problemOf, type EntraAuthErrorCode } from '../common/entra-auth.error.js';
import { redact } from '../common/redaction.js';
import { errorText, isError } from '../common/thrown.js';
import { aadstsMeaning, findAadsts, lookUpAadsts } from '../entra/aadsts.js';
import { isPermanent, readTokenErrorBody } from '../entra/token-error-response.js';
import { CredentialRequestError } from './credential.error.js';
import { adviceFor, checkResponder, isResponseWithoutToken } from './failure-advice.js';

/** What the refresher needs to know about an error that a credential threw. */
export interface CredentialFailure {
  retryable: boolean;
  /** One redacted sentence. */
  problem: string;
  fix: string;
  aadsts?: number;
  /** HTTP status of the response, when it was seen on the wire. */
  statusCode?: number;
  retryAfterInMs?: number;
  /** Set when the user must sign in again. */
  signIn?: true;
}

// By code and not by class: a second copy of the package has classes of its own.
const signInErrors: readonly EntraAuthErrorCode[] = [
  'ENTRA_REFRESH_TOKEN_EXPIRED',
  'ENTRA_REAUTHENTICATION_REQUIRED',
];

/**
 * Classifies an error of a credential. Only a known `AADSTS…` code or an error response on the wire counts as permanent:
 * errors of `@azure/identity` carry little more than a message, and its `CredentialUnavailableError` covers outages too.
 */
export function classifyCredentialFailure(error: unknown, now: number): CredentialFailure {
  try {
    return classify(error, now);
  } catch {
    // A getter may throw. The attempt has failed all the same.
    return {
      retryable: true,
      problem: 'The credential threw an error that cannot be read.',
      fix: adviceFor('', undefined),
    };
  }
}

function classify(error: unknown, now: number): CredentialFailure {
  if (isEntraAuthError(error)) {
    return {
      retryable: error.retryable,
      problem: problemOf(error),
      fix: error.fix,
      ...numbersOf(error),
      signIn: signInErrors.includes(error.code) || undefined,
    };
  }
  if (error instanceof CredentialRequestError) return classifyRequest(error, now);
  const text = errorText(error);
  return {
    ...meaningOf(findAadsts(text), { retryable: true, fix: adviceFor(text, undefined) }),
    problem: redact(text),
    retryAfterInMs: findRetryAfter(error, now),
  };
}

/** Takes the reason from the wire: `@azure/identity` gives none for a lost request or a failed discovery. */
function classifyRequest(error: CredentialRequestError, now: number): CredentialFailure {
  const { statusCode, retryAfter, networkError, errorBody } = error;
  const numbers = { statusCode, retryAfterInMs: parseRetryAfter(retryAfter, now) };
  const inner = networkError ?? error.cause;
  if (isResponseWithoutToken(inner, statusCode)) {
    const problem = `The endpoint answered with HTTP status ${statusCode} but without a token.`;
    return { retryable: true, problem, fix: checkResponder, ...numbers };
  }
  if (errorBody === undefined || statusCode === undefined || isEntraAuthError(inner)) {
    const failure = classify(inner, now);
    return {
      ...failure,
      statusCode: numbers.statusCode ?? failure.statusCode,
      retryAfterInMs: numbers.retryAfterInMs ?? failure.retryAfterInMs,
    };
  }
  const body = readTokenErrorBody(errorBody);
  const text = errorText(body.description ?? `The endpoint answered with HTTP status ${statusCode}`);
  const permanent = statusCode < 500 && isPermanent(body);
  const otherwise = { retryable: !permanent, fix: adviceFor(text, statusCode) };
  return { ...meaningOf(body.aadsts, otherwise), problem: redact(text), ...numbers };
}

type Meaning = Pick<CredentialFailure, 'retryable' | 'fix' | 'aadsts'>;

/** What an `AADSTS…` code means; `otherwise` without one. */
function meaningOf(aadsts: number | undefined, otherwise: Meaning): Meaning {
  if (aadsts === undefined) return otherwise;
  const meaning = aadstsMeaning(aadsts);
  if (meaning === undefined) return { ...otherwise, fix: lookUpAadsts(aadsts), aadsts };
  return { retryable: meaning.retryable, fix: meaning.remedy, aadsts };
}

/** Reads the numbers that some errors of this package have. */
function numbersOf(error: object): Pick<CredentialFailure, 'aadsts' | 'statusCode' | 'retryAfterInMs'> {
  const keys = ['aadsts', 'statusCode', 'retryAfterInMs'] as const;
  const known = keys.filter((key) => typeof Reflect.get(error, key) === 'number');
  return Object.fromEntries(known.map((key) => [key, Reflect.get(error, key) as number]));
}

/** Looks for a `Retry-After` header on the error or on those that caused it. */
function findRetryAfter(error: unknown, now: number): number | undefined {
  for (let current = error, depth = 0; isError(current) && depth < 5; current = current.cause, depth++) {
    const response = Reflect.get(current, 'response') as
      { headers?: { get?(name: string): unknown } } | undefined;
    const inMs = parseRetryAfter(response?.headers?.get?.('retry-after'), now);
    if (inMs !== undefined) return inMs;
  }
  return undefined;
}
