import { readFileSync } from 'node:fs';

import { EntraOptionsError } from '../common/entra-auth.error.js';
import { type SslMode, sslModes } from './ssl-mode.js';

/** The parameters of a connection URL. */
export interface ConnectionUrlParameters {
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

// Parameters of libpq that pg ignores silently.
const refusedParameters: Readonly<Record<string, string>> = {
  password: 'Take it out: the access token takes its place.',
  passfile: 'Take it out: the access token takes the place of a password.',
  sslpassword: 'Give it as "ssl": { passphrase }, with { key }.',
  sslcrl: 'Give it as "ssl": { crl }.',
  hostaddr: 'Leave it out: the name is looked up, and the certificate is checked against the name.',
  host: 'Write the host in its place: "postgres://role@host:5432/database".',
  service: 'Write out what the service stands for: no file is looked up.',
};

/** Parameters that are accepted with the values that change nothing. */
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
 * Reads the parameters of a connection URL, and the files that they name.
 *
 * @throws {EntraOptionsError} for a parameter that is unknown, repeated, or asks for what this module does not do
 */
export function parseParameters(path: string, parameters: URLSearchParams): ConnectionUrlParameters {
  const parts: ConnectionUrlParameters = {};
  for (const [name, value] of parameters) {
    if (parameters.getAll(name).length > 1)
      throw new EntraOptionsError(
        path,
        `its parameter "${name.slice(0, 40)}" is given twice`,
        'Keep one of them.',
      );
    take(parts, path, name, value);
  }
  return parts;
}

/** Adds one parameter to the others. */
function take(parts: ConnectionUrlParameters, path: string, name: string, value: string): void {
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

function refuseUnlessHarmless(path: string, name: string, value: string): void {
  const harmless = Object.hasOwn(harmlessValues, name) ? harmlessValues[name] : undefined;
  if (harmless?.values.includes(value)) return;
  if (harmless !== undefined)
    throw new EntraOptionsError(path, `its ${name} has a value that is not supported`, harmless.fix);
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
    'its connect_timeout is not a number above 0',
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
