import { readFileSync } from 'node:fs';

import { EntraOptionsError } from '../common/entra-auth.error.js';
import { sslModes, type SslMode } from './ssl-mode.js';

/** The parts of a connection URL. */
export interface ConnectionUrlParts {
  host?: string;
  port?: number;
  username?: string;
  database?: string;
  sslmode?: SslMode;
  /** Whether `sslrootcert` names a file, which is `ca` then, or the certificate authorities of the machine. */
  rootCertificate?: 'own' | 'system';
  /** Certificate authorities named by `sslrootcert`. */
  ca?: string;
  /** What `sslcert` and `sslkey` name. */
  clientCertificate?: { cert?: string; key?: string };
  sslnegotiation?: 'postgres' | 'direct';
  applicationName?: string;
  connectTimeoutMS?: number;
  /** Command-line options for the server, as libpq's `options`. */
  options?: string;
}

// What libpq knows, pg does not, and an application may expect to have an effect.
const refusedParameters: Readonly<Record<string, string>> = {
  password: 'Take it out: the access token takes its place.',
  passfile: 'Take it out: the access token takes the place of a password.',
  sslpassword: 'Give it as "ssl": { passphrase }, with { key }.',
  sslcrl: 'Give it as "ssl": { crl }.',
  hostaddr: 'Leave it out: the name is looked up, and the certificate is checked against the name.',
  host: 'Write the host in its place: "postgres://role@host:5432/database".',
  service: 'Write out what the service stands for: no file is looked up.',
};

/** Parameters that may be there as long as they ask for what happens anyway. */
const harmlessValues: Readonly<Record<string, { values: readonly string[]; fix: string }>> = {
  channel_binding: {
    values: ['disable', 'prefer'],
    fix: 'Leave it out: a token is a clear password, which cannot be bound to a channel. TLS is verified instead.',
  },
  target_session_attrs: {
    values: ['any'],
    fix: 'Leave it out, and give the servers as "replication": { master, slaves }.',
  },
  load_balance_hosts: { values: ['disable'], fix: 'Leave it out, and give the servers as "replication".' },
  gssencmode: { values: ['disable', 'prefer'], fix: 'Leave it out: "pg" knows TLS only.' },
};

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
  if (/^[^/]*\/\/[^/?#]*,/.test(text)) {
    const fix = 'Write one, and give the others as "replication": { master, slaves }.';
    throw new EntraOptionsError(path, 'names several hosts', fix);
  }
  // All after it would be lost without a word, and a host may be among it: guests have "#EXT#" in their names.
  if (text.includes('#')) {
    const fix = 'Write each "#" that stands for itself as "%23".';
    throw new EntraOptionsError(path, 'has a "#", and what follows would not be read', fix);
  }
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new EntraOptionsError(path, 'cannot be read', `Write "postgres://role@host:5432/database".`);
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

/** For what is given in the URL and as an option, and not the same in both. */
export function contradictsUrl(option: string): EntraOptionsError {
  return new EntraOptionsError(option, 'contradicts the "url"', 'Give it in one of the two places.');
}

function decoded(path: string, part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    const fix = 'Write each "%" that stands for itself as "%25".';
    throw new EntraOptionsError(path, 'has a "%" that is not percent-encoding', fix);
  }
}

function parseParameters(path: string, parameters: URLSearchParams): ConnectionUrlParts {
  const parts: ConnectionUrlParts = {};
  for (const [name, value] of parameters) {
    if (parameters.getAll(name).length > 1)
      throw new EntraOptionsError(
        path,
        `its parameter "${name.slice(0, 40)}" is there twice`,
        'Keep one of them.',
      );
    switch (name) {
      case 'sslmode':
        parts.sslmode = choice(path, name, value, sslModes);
        break;
      case 'sslrootcert':
        parts.rootCertificate = value === 'system' ? 'system' : 'own';
        if (value !== 'system') parts.ca = readFile(path, name, value);
        break;
      case 'sslcert':
        parts.clientCertificate = { ...parts.clientCertificate, cert: readFile(path, name, value) };
        break;
      case 'sslkey':
        parts.clientCertificate = { ...parts.clientCertificate, key: readFile(path, name, value) };
        break;
      case 'sslnegotiation':
        parts.sslnegotiation = choice(path, name, value, ['postgres', 'direct'] as const);
        break;
      case 'application_name':
        parts.applicationName = value;
        break;
      case 'connect_timeout':
        parts.connectTimeoutMS = timeout(path, value);
        break;
      case 'options':
        parts.options = value;
        break;
      default:
        refuseUnlessHarmless(path, name, value);
    }
  }
  return parts;
}

function refuseUnlessHarmless(path: string, name: string, value: string): void {
  const harmless = Object.hasOwn(harmlessValues, name) ? harmlessValues[name] : undefined;
  if (harmless?.values.includes(value)) return;
  if (harmless !== undefined)
    throw new EntraOptionsError(path, `its ${name} asks for what is not there`, harmless.fix);
  if (name === 'password') throw new EntraOptionsError(path, 'contains a password', refusedFix(name));
  throw new EntraOptionsError(
    path,
    `has a parameter "${name.slice(0, 40)}" that is not supported`,
    refusedFix(name),
  );
}

function refusedFix(name: string): string {
  return (
    (Object.hasOwn(refusedParameters, name) ? refusedParameters[name] : undefined) ??
    'Known: sslmode, sslrootcert, sslcert, sslkey, sslnegotiation, application_name, connect_timeout, options. ' +
      'Use the data source options for the rest.'
  );
}

function choice<T extends string>(path: string, name: string, value: string, choices: readonly T[]): T {
  const found = choices.find((candidate) => candidate === value);
  if (found !== undefined) return found;
  throw new EntraOptionsError(path, `its ${name} is not known`, `Write one of ${choices.join(', ')}.`);
}

function timeout(path: string, seconds: string): number {
  const value = Number(seconds);
  if (Number.isFinite(value) && value > 0) return value * 1000;
  throw new EntraOptionsError(
    path,
    'its connect_timeout is not a number above 0, and would be no deadline',
    'Give seconds, or leave it out for the default.',
  );
}

function readFile(path: string, name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new EntraOptionsError(
      path,
      `the file of its ${name} cannot be read (${reason})`,
      'Check the path.',
    );
  }
}
