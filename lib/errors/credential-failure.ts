import { redact } from '../observability/redaction.js';
import { aadstsMeaning, findAadsts } from './aadsts.js';
import { CredentialRequestError } from './credential-request.error.js';
import { isEntraAuthError, problemOf, type EntraAuthErrorCode } from './entra-auth.error.js';
import { isError } from './is-error.js';
import { parseRetryAfter } from './retry-after.js';

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
const checkNetwork =
  'Check that the token endpoint can be reached; try again later, as the background refresh does.';

/**
 * Decides what an error of a credential means. Errors of `@azure/identity` say little beyond their message, and its
 * `CredentialUnavailableError` covers outages too, so only a known `AADSTS…` code counts as permanent.
 */
export function classifyCredentialFailure(error: unknown, now: number): CredentialFailure {
  try {
    return classify(error, now);
  } catch {
    // Getters that throw, and the like: the attempt has failed all the same.
    return {
      retryable: true,
      problem: 'The credential threw an error that cannot be read.',
      fix: checkNetwork,
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
  if (error instanceof CredentialRequestError) {
    const { statusCode, retryAfter, networkError } = error;
    const retryAfterInMs = parseRetryAfter(retryAfter, now);
    return {
      // Of a request without a response, @azure/identity says no more than "network_error".
      ...classifyCredentialFailure(networkError ?? error.cause, now),
      ...(statusCode === undefined ? {} : { statusCode }),
      ...(retryAfterInMs === undefined ? {} : { retryAfterInMs }),
    };
  }
  const text = collectMessages(error);
  const aadsts = findAadsts(text);
  const meaning = aadsts === undefined ? undefined : aadstsMeaning(aadsts);
  const retryAfterInMs = findRetryAfter(error, now);
  return {
    retryable: meaning?.retryable ?? true,
    problem: firstSentences(redact(text)),
    fix: meaning?.fix ?? checkNetwork,
    ...(aadsts === undefined ? {} : { aadsts }),
    ...(retryAfterInMs === undefined ? {} : { retryAfterInMs }),
  };
}

/** What an error of this package knows of the answer; which of them do is their own affair. */
function numbersOf(error: object): Pick<CredentialFailure, 'aadsts' | 'statusCode' | 'retryAfterInMs'> {
  const keys = ['aadsts', 'statusCode', 'retryAfterInMs'] as const;
  const known = keys.filter((key) => typeof Reflect.get(error, key) === 'number');
  return Object.fromEntries(known.map((key) => [key, Reflect.get(error, key) as number]));
}

function collectMessages(error: unknown, depth = 0): string {
  if (typeof error === 'string') return error;
  if (!isError(error)) return 'the credential threw a value that is no Error.';
  const own = String(error.message === '' ? error.name : error.message);
  const inner = error instanceof AggregateError ? (error.errors as unknown[]) : [];
  const causes = [...inner, ...(error.cause === undefined ? [] : [error.cause])];
  if (depth >= 4) return own;
  return [own, ...causes.map((cause) => collectMessages(cause, depth + 1))].join(' ');
}

function firstSentences(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  const short = line.length > 400 ? `${line.slice(0, 400)}…` : line;
  return /[.!?…]$/.test(short) ? short : `${short}.`;
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
