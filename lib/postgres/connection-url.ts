import { EntraOptionsError } from '../common/entra-auth.error.js';
import { type ConnectionUrlParameters, parseParameters } from './connection-url.parameters.js';

/** The parts of a connection URL. */
export interface ConnectionUrlParts extends ConnectionUrlParameters {
  host?: string;
  port?: number;
  username?: string;
  database?: string;
}

/**
 * Takes a `postgres://` URL apart. pg drops the password function when it sees a URL, and lets the URL's `sslmode`
 * override the TLS options.
 *
 * No file is looked up that the URL does not name, and nothing is read from the environment.
 *
 * @throws {EntraOptionsError} for a password, several hosts, a "#", or a parameter that is not known
 * @see https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS
 */
export function parseConnectionUrl(path: string, text: string): ConnectionUrlParts {
  const url = parsed(path, text);
  if (!/^postgres(ql)?:$/.test(url.protocol)) {
    throw new EntraOptionsError(
      path,
      `its scheme is "${url.protocol}"`,
      'Write "postgres://role@host:5432/database".',
    );
  }
  if (url.password !== '') {
    throw new EntraOptionsError(
      path,
      'contains a password',
      'Take the password out: the access token takes its place.',
    );
  }
  const decode = (part: string): string => decoded(path, part);
  const database = decode(url.pathname.slice(1));
  return {
    ...(url.hostname === '' ? {} : { host: decode(url.hostname).replace(/^\[|\]$/g, '') }),
    ...(url.port === '' ? {} : { port: Number(url.port) }),
    ...(url.username === '' ? {} : { username: decode(url.username) }),
    ...(database === '' ? {} : { database }),
    ...parseParameters(path, url.searchParams),
  };
}

function parsed(path: string, text: string): URL {
  if (/^[^/]*\/\/[^/?#]*,/.test(text)) {
    const fix = 'Write one, and give the others as "replication": { master, slaves }.';
    throw new EntraOptionsError(path, 'names several hosts', fix);
  }
  // Everything after it is dropped silently, the host included: names of guests contain "#EXT#".
  if (text.includes('#')) {
    const fix = 'Write each "#" that stands for itself as "%23".';
    throw new EntraOptionsError(path, 'contains "#", which ends a URL', fix);
  }
  try {
    return new URL(text);
  } catch {
    throw new EntraOptionsError(path, 'cannot be read', `Write "postgres://role@host:5432/database".`);
  }
}

/** For what is given in the URL and as an option, and not the same in both. */
export function contradictsUrl(option: string): EntraOptionsError {
  return new EntraOptionsError(option, 'contradicts the "url"', 'Give it in one of the two places.');
}

/**
 * Returns what is given as an option or in the URL.
 *
 * @throws {EntraOptionsError} when the two differ
 */
export function reconciled<T, U>(option: string, given: T, fromUrl: U): T | U {
  if (given === undefined || fromUrl === undefined || (given as unknown) === fromUrl) return given ?? fromUrl;
  throw contradictsUrl(option);
}

function decoded(path: string, part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    const fix = 'Write each "%" that stands for itself as "%25".';
    throw new EntraOptionsError(path, 'has a "%" that is not percent-encoding', fix);
  }
}
