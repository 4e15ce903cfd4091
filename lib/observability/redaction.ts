import { isEntraAuthError } from '../errors/entra-auth.error.js';
import { isError } from '../errors/is-error.js';

const jsonWebToken = /\beyJ[\w-]*\.[\w-]+(?:\.[\w-]*){0,3}/g;
const bearer = /\b(Bearer|Basic)\s+[\w.~+/=-]+/gi;
const secretParameter =
  /\b(access_token|refresh_token|id_token|client_secret|client_assertion|assertion|password)(["']?\s*[=:]\s*["']?)[^\s"'&,;}]+/gi;
// Opaque tokens and secrets have no shape of their own, but nothing worth reading is this long without a break. A run is
// looked at from its beginning only: to start again at each of its characters finds nothing more and takes ten times as long.
const longOpaque = /(?<![\w.~+/=-])[\w.~+/=-]{200,}/g;

/** Takes everything out of a text that could be a token or a secret. */
export function redact(text: string): string {
  return text
    .replace(jsonWebToken, '[redacted token]')
    .replace(bearer, '$1 [redacted]')
    .replace(secretParameter, '$1$2[redacted]')
    .replace(longOpaque, '[redacted]');
}

/**
 * A copy of an error that is safe to keep as `cause`: name, message, stack and the codes that help to find the
 * fault, all redacted. Errors of this package are free of secrets already and stay what they are. Requests, headers and bodies that some libraries hang on their errors are left behind.
 */
export function redactError(error: unknown, depth = 0): Error {
  if (isEntraAuthError(error)) return error;
  if (!isError(error)) return new Error(redact(describeNonError(error)));
  const copy = new Error(redact(error.message));
  Object.defineProperty(copy, 'name', { value: error.name, enumerable: false });
  Object.defineProperty(copy, 'stack', { value: redact(error.stack ?? ''), enumerable: false });
  for (const key of ['code', 'statusCode', 'errno', 'syscall', 'hostname', 'address', 'port'] as const) {
    const value: unknown = Reflect.get(error, key);
    if (typeof value === 'string')
      Object.defineProperty(copy, key, { value: redact(value), enumerable: true });
    else if (typeof value === 'number') Object.defineProperty(copy, key, { value, enumerable: true });
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
