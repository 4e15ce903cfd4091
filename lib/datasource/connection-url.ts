import { readFileSync } from 'node:fs';

import { EntraOptionsError } from '../errors/options.error.js';

/** The parts of a connection URL. */
export interface ConnectionUrlParts {
  host?: string;
  port?: number;
  username?: string;
  database?: string;
  /** Certificate authorities named by `sslrootcert`. */
  ca?: string;
  applicationName?: string;
  connectTimeoutMS?: number;
  /** Command-line options for the server, as libpq's `options`. */
  options?: string;
}

const encryptedModes = ['require', 'verify-ca', 'verify-full'];
const plainModes = ['disable', 'allow', 'prefer'];

/**
 * Takes a `postgres://` URL apart. pg drops the password function when it sees a URL, and lets the URL's `sslmode`
 * override the TLS options.
 *
 * @throws {EntraOptionsError} for a password, a mode without guaranteed TLS, or a parameter that is not known
 * @see https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS
 */
export function parseConnectionUrl(path: string, text: string): ConnectionUrlParts {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new EntraOptionsError(path, 'it cannot be read', `Write "postgres://role@host:5432/database".`);
  }
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
      'it contains a password',
      'Take the password out: the access token takes its place.',
    );
  }
  const database = decodeURIComponent(url.pathname.slice(1));
  return {
    ...(url.hostname === '' ? {} : { host: decodeURIComponent(url.hostname).replace(/^\[|\]$/g, '') }),
    ...(url.port === '' ? {} : { port: Number(url.port) }),
    ...(url.username === '' ? {} : { username: decodeURIComponent(url.username) }),
    ...(database === '' ? {} : { database }),
    ...parseParameters(path, url.searchParams),
  };
}

function parseParameters(path: string, parameters: URLSearchParams): ConnectionUrlParts {
  const parts: ConnectionUrlParts = {};
  for (const [name, value] of parameters) {
    switch (name) {
      case 'sslmode':
        checkMode(path, value);
        break;
      case 'sslrootcert':
        if (value !== 'system') parts.ca = readCertificates(path, value);
        break;
      case 'application_name':
        parts.applicationName = value;
        break;
      case 'connect_timeout':
        parts.connectTimeoutMS = Number(value) * 1000;
        break;
      case 'options':
        parts.options = value;
        break;
      case 'password':
        throw new EntraOptionsError(
          path,
          'it contains a password',
          'Take it out: the access token takes its place.',
        );
      default: {
        const fix =
          'Known: sslmode, sslrootcert, application_name, connect_timeout, options. Use the data source options for the rest.';
        throw new EntraOptionsError(path, `it has a parameter "${name}" that is not supported`, fix);
      }
    }
  }
  return parts;
}

function checkMode(path: string, mode: string): void {
  // Every encrypted mode is raised to verify-full: with less, the token could be read by whoever answers.
  if (encryptedModes.includes(mode)) return;
  const given = plainModes.includes(mode)
    ? `sslmode=${mode} allows a connection without TLS`
    : 'its sslmode is not known';
  throw new EntraOptionsError(
    path,
    given,
    'Write "sslmode=verify-full", or leave it out: TLS is always verified.',
  );
}

function readCertificates(path: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new EntraOptionsError(
      path,
      `the file of its sslrootcert cannot be read (${reason})`,
      'Check the path.',
    );
  }
}
