import { redact } from '../observability/redaction.js';
import { aadstsMeaning, findAadsts } from './aadsts.js';
import { isEntraAuthError } from './entra-auth.error.js';

/** What the refresher needs to know about an error that a credential threw. */
export interface CredentialFailure {
  retryable: boolean;
  /** One redacted sentence. */
  problem: string;
  fix: string;
  aadsts?: number;
  retryAfterInMs?: number;
}

const checkNetwork =
  'Check that the token endpoint can be reached; the request is repeated in the background.';

/**
 * Decides what an error of a credential means. Errors of `@azure/identity` say little beyond their message, and its
 * `CredentialUnavailableError` covers outages too, so only a known `AADSTS…` code counts as permanent.
 */
export function classifyCredentialFailure(error: unknown, now: number): CredentialFailure {
  if (isEntraAuthError(error)) {
    return {
      retryable: error.retryable,
      problem: error.message.slice(0, -error.fix.length).trim(),
      fix: error.fix,
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

function collectMessages(error: unknown, depth = 0): string {
  if (typeof error === 'string') return error;
  if (!(error instanceof Error)) return 'the credential threw a value that is no Error.';
  const own = error.message === '' ? error.name : error.message;
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

/** Looks for a `Retry-After` header on the error or on those that caused it (seconds or an HTTP date). */
function findRetryAfter(error: unknown, now: number): number | undefined {
  for (
    let current = error, depth = 0;
    current instanceof Error && depth < 5;
    current = current.cause, depth++
  ) {
    const response = Reflect.get(current, 'response') as
      { headers?: { get?(name: string): unknown } } | undefined;
    const value = response?.headers?.get?.('retry-after');
    if (typeof value !== 'string') continue;
    const inMs = /^\d+$/.test(value.trim()) ? Number(value) * 1000 : Date.parse(value) - now;
    if (Number.isFinite(inMs)) return Math.max(0, inMs);
  }
  return undefined;
}
