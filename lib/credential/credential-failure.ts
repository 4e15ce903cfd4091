import { isEntraAuthError, problemOf, type EntraAuthErrorCode } from '../common/entra-auth.error.js';
import { errorText } from '../common/thrown.js';
import { isError } from '../common/thrown.js';
import { redact } from '../common/redaction.js';
import { parseRetryAfter } from '../common/backoff.js';
import { aadstsMeaning, findAadsts, lookUpAadsts } from '../entra/aadsts.js';
import { checkAnswer, isAnswerWithoutToken } from '../entra/answer-without-token.js';
import { adviceFor } from '../entra/failure-advice.js';
import { isPermanentRefusal, readRefusalBody } from '../entra/refusal-body.js';
import { CredentialRequestError } from './credential-request.error.js';

/** What the refresher needs to know about an error that a credential threw. */
export interface CredentialFailure {
  retryable: boolean;
  /** One redacted sentence. */
  problem: string;
  fix: string;
  aadsts?: number;
  /** HTTP status of the answer, when it is known for true. */
  statusCode?: number;
  retryAfterInMs?: number;
  /** Set when somebody must sign in again. */
  signIn?: true;
}

const signInCodes: readonly EntraAuthErrorCode[] = [
  'ENTRA_REFRESH_TOKEN_EXPIRED',
  'ENTRA_REAUTHENTICATION_REQUIRED',
];

/**
 * Decides what an error of a credential means. Errors of `@azure/identity` say little beyond their message, and its
 * `CredentialUnavailableError` covers outages too, so only a known `AADSTS…` code, or a refusal that was seen on the wire,
 * counts as permanent.
 */
export function classifyCredentialFailure(error: unknown, now: number): CredentialFailure {
  try {
    return classify(error, now);
  } catch {
    // Getters that throw, and the like: the attempt has failed all the same.
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
      ...(signInCodes.includes(error.code) ? { signIn: true } : {}),
    };
  }
  if (error instanceof CredentialRequestError) return classifyRequest(error, now);
  const text = errorText(error);
  const retryAfterInMs = findRetryAfter(error, now);
  return {
    ...meaningOf(findAadsts(text), { retryable: true, fix: adviceFor(text, undefined) }),
    problem: redact(text),
    ...(retryAfterInMs === undefined ? {} : { retryAfterInMs }),
  };
}

/** Of a request without a response, and of a refused discovery, `@azure/identity` gives no reason. The wire does. */
function classifyRequest(error: CredentialRequestError, now: number): CredentialFailure {
  const { statusCode, retryAfter, networkError, answer } = error;
  const retryAfterInMs = parseRetryAfter(retryAfter, now);
  const numbers = {
    ...(statusCode === undefined ? {} : { statusCode }),
    ...(retryAfterInMs === undefined ? {} : { retryAfterInMs }),
  };
  const inner = networkError ?? error.cause;
  if (isAnswerWithoutToken(inner, statusCode)) {
    const problem = `The endpoint answered with HTTP status ${statusCode} but without a token.`;
    return { retryable: true, problem, fix: checkAnswer, ...numbers };
  }
  if (answer === undefined || statusCode === undefined || isEntraAuthError(inner)) {
    return { ...classify(inner, now), ...numbers };
  }
  const refusal = readRefusalBody(answer);
  const text = errorText(refusal.description ?? `The endpoint answered with HTTP status ${statusCode}`);
  const permanent = statusCode < 500 && isPermanentRefusal(refusal);
  const otherwise = { retryable: !permanent, fix: adviceFor(text, statusCode) };
  return { ...meaningOf(refusal.aadsts, otherwise), problem: redact(text), ...numbers };
}

type Meaning = Pick<CredentialFailure, 'retryable' | 'fix' | 'aadsts'>;

/** What an `AADSTS…` number means, and `otherwise` where there is none that is known. */
function meaningOf(aadsts: number | undefined, otherwise: Meaning): Meaning {
  if (aadsts === undefined) return otherwise;
  const { retryable, fix } = aadstsMeaning(aadsts) ?? { ...otherwise, fix: lookUpAadsts(aadsts) };
  return { retryable, fix, aadsts };
}

/** What an error of this package knows of the answer; which of them do is their own affair. */
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
