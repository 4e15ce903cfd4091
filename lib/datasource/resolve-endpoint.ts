import type { ConnectionOptions as TlsConnectionOptions } from 'node:tls';

import { EntraOptionsError } from '../errors/options.error.js';
import { kindOf } from '../options/option-checks.js';
import { fitsRoleName } from './role-name.js';
import { parseConnectionUrl, type ConnectionUrlParts } from './connection-url.js';

/** One server, complete and safe to connect to: everything but the token. */
export interface ResolvedEndpoint {
  host: string;
  port: number;
  /** Absent when the role is to be found in the token. */
  username?: string;
  database: string;
  ssl: TlsConnectionOptions & { rejectUnauthorized: true };
}

/** An endpoint as found in the options, before any of it is believed. */
export interface EndpointCandidate {
  url?: unknown;
  host?: unknown;
  port?: unknown;
  username?: unknown;
  database?: unknown;
  password?: unknown;
  ssl?: unknown;
}

const defaultPort = 5432;

/**
 * Checks one endpoint and takes its URL apart. Nothing is filled in from the environment.
 *
 * @throws {EntraOptionsError} for whatever is missing, contradictory or unsafe
 */
export function resolveEndpoint(
  path: string,
  given: EndpointCandidate,
): [ResolvedEndpoint, ConnectionUrlParts] {
  if (given.password !== undefined) {
    throw new EntraOptionsError(
      `${path}.password`,
      'it is given',
      'Leave it out: the access token takes its place.',
    );
  }
  const url =
    given.url === undefined ? {} : parseConnectionUrl(`${path}.url`, text(`${path}.url`, given.url));
  const pick = (key: 'host' | 'username' | 'database', fix: string): string => {
    const value = given[key];
    if (value !== undefined && url[key] !== undefined && value !== url[key])
      throw contradiction(`${path}.${key}`);
    return text(`${path}.${key}`, value ?? url[key], fix);
  };
  const host = pick('host', 'Give the name of the server, such as "example.postgres.database.azure.com".');
  if (host.startsWith('/')) {
    const fix = 'Give the name of a server: a local socket has no TLS, and Azure has none.';
    throw new EntraOptionsError(`${path}.host`, 'it is a local socket', fix);
  }
  const role = (): string => {
    const name = pick('username', 'Give the name of the database role that stands for the Entra principal.');
    if (fitsRoleName(name)) return name;
    throw new EntraOptionsError(
      `${path}.username`,
      'it is longer than 63 bytes',
      'Give a name that PostgreSQL takes.',
    );
  };
  const endpoint = {
    host,
    port: port(path, given.port, url.port),
    ...(given.username === undefined && url.username === undefined ? {} : { username: role() }),
    database: pick('database', 'Give the name of the database.'),
    ssl: tls(`${path}.ssl`, given.ssl, url.ca),
  };
  return [endpoint, url];
}

function port(path: string, given: unknown, fromUrl: number | undefined): number {
  if (given !== undefined && fromUrl !== undefined && given !== fromUrl) throw contradiction(`${path}.port`);
  const value = given ?? fromUrl ?? defaultPort;
  if (typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 65_536) return value;
  throw new EntraOptionsError(
    `${path}.port`,
    kindOf(value),
    `Give a number from 1 to 65535; the default is ${defaultPort}.`,
  );
}

function tls(path: string, given: unknown, ca: string | undefined): ResolvedEndpoint['ssl'] {
  const always =
    'The token is sent as a clear password, so the server must be verified: leave it out, or give { ca }.';
  if (given === undefined || given === true)
    return { rejectUnauthorized: true, ...(ca === undefined ? {} : { ca }) };
  if (typeof given !== 'object' || given === null) throw new EntraOptionsError(path, kindOf(given), always);
  const options = given as TlsConnectionOptions;
  if (options.rejectUnauthorized !== undefined && options.rejectUnauthorized !== true) {
    throw new EntraOptionsError(`${path}.rejectUnauthorized`, kindOf(options.rejectUnauthorized), always);
  }
  if (options.checkServerIdentity !== undefined) {
    throw new EntraOptionsError(
      `${path}.checkServerIdentity`,
      'it replaces the check of the host name',
      always,
    );
  }
  if (ca !== undefined && options.ca !== undefined) throw contradiction(`${path}.ca`);
  return { ...options, ...(ca === undefined ? {} : { ca }), rejectUnauthorized: true };
}

function text(option: string, value: unknown, fix = 'Give a string.'): string {
  if (typeof value === 'string' && value.trim() !== '') return value;
  throw new EntraOptionsError(option, kindOf(value), fix);
}

function contradiction(option: string): EntraOptionsError {
  return new EntraOptionsError(option, 'it contradicts the "url"', 'Give it in one of the two places.');
}
