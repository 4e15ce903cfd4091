import { isEntraAuthError } from './entra-auth.error.js';
import { withoutRememberedSecrets } from './known-secrets.js';
import { isError } from './thrown.js';

// An attacker's text must not take longer to redact than it took to send.
const longestText = 16_384;
const dottedRun = /(?<![\w-])[\w-]+(?:\.[\w-]*)+/g;
const bearer = /\b(Bearer|Basic)\s+[\w.~+/=-]+/gi;
const privateKey = /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[^-]*(?:-----END [A-Z ]{0,40}-----)?/g;
// As parameters, as properties, and as either of them inside JSON or a query string.
const secretParameter =
  /(access_?token|refresh_?token|id_?token|client_?secret|assertion|password)((?:\\?["'])?\s*(?:[=:]|%3D)\s*)(\\?"[^"]*|\\?'[^']*|[^\s"'&,;}\\]+)/gi;
const urlPassword = /(:\/\/[^\s:/@]{0,200}:)[^\s/@]+@/g;
// Opaque tokens and secrets have no shape of their own, but nothing worth reading is this long without a break. A run is
// looked at from its beginning only: to start again at each of its characters finds nothing more and takes ten times as long.
const longOpaque = /(?<![\w.~+/=-])[\w.~+/=-]{200,}/g;

/** Takes everything out of a text that could be a token or a secret. Cuts a text of more than 16,384 characters. */
export function redact(text: string): string {
  return cut(withoutRememberedSecrets(text.slice(0, 2 * longestText)), text.length)
    .replace(privateKey, '[redacted key]')
    .replace(dottedRun, redactJsonWebToken)
    .replace(bearer, '$1 [redacted]')
    .replace(secretParameter, (_all, name: string, sign: string, value: string) => {
      const quote = /^\\?["']?/.exec(value)?.[0] ?? '';
      return `${name}${sign}${quote}[redacted]`;
    })
    .replace(urlPassword, '$1[redacted]@')
    .replace(longOpaque, '[redacted]');
}

/** Takes the JSON Web Tokens out of a text, and leaves the rest as it is. */
export function redactJsonWebTokens(text: string): string {
  return text.includes('eyJ') ? text.replace(dottedRun, redactJsonWebToken) : text;
}

/** Cuts before a word, since the first half of a token no longer looks like one. */
function cut(text: string, lengthInAll: number): string {
  if (lengthInAll <= longestText) return text;
  let end = longestText;
  while (end > 0 && !/\s/.test(text.charAt(end - 1))) end--;
  return `${text.slice(0, end)}[${lengthInAll} characters in all]`;
}

function redactJsonWebToken(run: string): string {
  const parts = run.split('.');
  const header = parts.findIndex((part, n) => part.includes('eyJ') && (parts[n + 1] ?? '') !== '');
  if (header === -1) return run;
  const before = [...parts.slice(0, header), parts[header]?.split('eyJ')[0]].join('.');
  const after = parts.slice(header + 5).map((part) => `.${part}`);
  return `${before}[redacted token]${after.join('')}`;
}

const deepestCause = 5;
const mostErrors = 20;

/**
 * A copy of an error that is safe to keep as `cause`: name, message, stack and the codes that help to find the
 * fault, all redacted. Errors of this package are free of secrets already and stay what they are. Requests, headers and
 * bodies that some libraries hang on their errors are left behind.
 */
export function redactError(error: unknown): Error {
  return redactWithin(error, 0, { errorsLeft: mostErrors });
}

function redactWithin(error: unknown, depth: number, budget: { errorsLeft: number }): Error {
  budget.errorsLeft--;
  try {
    return redactedCopy(error, depth, budget);
  } catch {
    return new Error('An error that cannot be read.');
  }
}

function redactedCopy(error: unknown, depth: number, budget: { errorsLeft: number }): Error {
  if (isEntraAuthError(error)) return error;
  if (!isError(error)) return new Error(redact(describeNonError(error)));
  const copy = new Error(redact(String(error.message)));
  hide(copy, 'name', redact(String(error.name)));
  // Not a string where an application has replaced `Error.prepareStackTrace`.
  const stack: unknown = error.stack;
  hide(copy, 'stack', typeof stack === 'string' ? redact(stack) : '');
  for (const key of ['code', 'statusCode', 'errno', 'syscall', 'hostname', 'address', 'port'] as const) {
    const value: unknown = Reflect.get(error, key);
    if (typeof value === 'string' || typeof value === 'number')
      Object.defineProperty(copy, key, {
        value: typeof value === 'string' ? redact(value) : value,
        enumerable: true,
      });
  }
  if (depth >= deepestCause) return copy;
  if (error instanceof AggregateError) hide(copy, 'errors', redactErrors(error.errors, depth, budget));
  if (error.cause !== undefined && budget.errorsLeft > 0)
    hide(copy, 'cause', redactWithin(error.cause, depth + 1, budget));
  return copy;
}

function redactErrors(errors: readonly unknown[], depth: number, budget: { errorsLeft: number }): Error[] {
  const copies: Error[] = [];
  for (const error of errors) {
    if (budget.errorsLeft <= 0) break;
    copies.push(redactWithin(error, depth + 1, budget));
  }
  return copies;
}

function hide(copy: Error, key: string, value: unknown): void {
  Object.defineProperty(copy, key, { value, enumerable: false });
}

function describeNonError(value: unknown): string {
  if (typeof value === 'string') return value;
  return `A value that is not an Error was thrown (${value === null ? 'null' : typeof value}).`;
}
