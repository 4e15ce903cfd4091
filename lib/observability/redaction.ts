import { isEntraAuthError } from '../errors/entra-auth.error.js';
import { isError } from '../errors/is-error.js';

// The header's length is bounded, or a text made for it would take minutes; what is longer is opaque enough.
const jsonWebToken = /eyJ[\w-]{0,1000}\.[\w-]+(?:\.[\w-]*){0,3}/g;
const bearer = /\b(Bearer|Basic)\s+[\w.~+/=-]+/gi;
// As parameters, as properties, and as either of them inside JSON or a query string.
const secretParameter =
  /(access_?token|refresh_?token|id_?token|client_?secret|assertion|password)((?:\\?["'])?\s*(?:[=:]|%3D)\s*)(\\?"[^"]*|\\?'[^']*|[^\s"'&,;}\\]+)/gi;
const urlPassword = /(:\/\/[^\s:/@]{0,200}:)[^\s/@]+@/g;
// Opaque tokens and secrets have no shape of their own, but nothing worth reading is this long without a break. A run is
// looked at from its beginning only: to start again at each of its characters finds nothing more and takes ten times as long.
const longOpaque = /(?<![\w.~+/=-])[\w.~+/=-]{200,}/g;

/** Takes everything out of a text that could be a token or a secret. */
export function redact(text: string): string {
  return text
    .replace(jsonWebToken, '[redacted token]')
    .replace(bearer, '$1 [redacted]')
    .replace(secretParameter, (_all, name: string, sign: string, value: string) => {
      const quote = /^\\?["']?/.exec(value)?.[0] ?? '';
      return `${name}${sign}${quote}[redacted]`;
    })
    .replace(urlPassword, '$1[redacted]@')
    .replace(longOpaque, '[redacted]');
}

/**
 * A copy of an error that is safe to keep as `cause`: name, message, stack and the codes that help to find the
 * fault, all redacted. Errors of this package are free of secrets already and stay what they are. Requests, headers and
 * bodies that some libraries hang on their errors are left behind.
 */
export function redactError(error: unknown, depth = 0): Error {
  try {
    return redactedCopy(error, depth);
  } catch {
    return new Error('An error that cannot be read.');
  }
}

function redactedCopy(error: unknown, depth: number): Error {
  if (isEntraAuthError(error)) return error;
  if (!isError(error)) return new Error(redact(describeNonError(error)));
  const copy = new Error(redact(String(error.message)));
  Object.defineProperty(copy, 'name', { value: redact(String(error.name)), enumerable: false });
  // Not a string where an application has replaced `Error.prepareStackTrace`.
  const stack: unknown = error.stack;
  Object.defineProperty(copy, 'stack', {
    value: typeof stack === 'string' ? redact(stack) : '',
    enumerable: false,
  });
  for (const key of ['code', 'statusCode', 'errno', 'syscall', 'hostname', 'address', 'port'] as const) {
    const value: unknown = Reflect.get(error, key);
    if (typeof value === 'string')
      Object.defineProperty(copy, key, { value: redact(value), enumerable: true });
    else if (typeof value === 'number') Object.defineProperty(copy, key, { value, enumerable: true });
  }
  if (error instanceof AggregateError && depth < 5) {
    const errors = (error.errors as unknown[]).map((one) => redactError(one, depth + 1));
    Object.defineProperty(copy, 'errors', { value: errors, enumerable: false });
  }
  if (error.cause !== undefined && depth < 5) {
    Object.defineProperty(copy, 'cause', { value: redactError(error.cause, depth + 1), enumerable: false });
  }
  return copy;
}

function describeNonError(value: unknown): string {
  if (typeof value === 'string') return value;
  return `A value that is no Error was thrown (${value === null ? 'null' : typeof value}).`;
}
