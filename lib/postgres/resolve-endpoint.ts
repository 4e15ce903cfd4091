import { EntraOptionsError } from '../common/entra-auth.error.js';
import { kindOf } from '../common/option-checks.js';
import { hostOption, textOption } from '../entra/text-checks.js';
import { fitsRoleName } from './role-name.js';
import { contradictsUrl, parseConnectionUrl, type ConnectionUrlParts } from './connection-url.js';
import { resolveTls } from './resolve-tls.js';
import type { EndpointTls } from './server-verification.js';
import { requireOpening } from './ssl-mode.js';

/** One server, complete: everything but the token. Safe to connect to, unless the user has opened the guard. */
export interface ResolvedEndpoint {
  host: string;
  port: number;
  /** Absent when the role is to be found in the token. */
  username?: string;
  database: string;
  ssl: EndpointTls;
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
  { urlPath = `${path}.url`, allowsUnverified }: { urlPath?: string; allowsUnverified: boolean },
): [ResolvedEndpoint, ConnectionUrlParts] {
  if (given.password !== undefined) {
    throw new EntraOptionsError(
      `${path}.password`,
      'given',
      'Leave it out: the access token takes its place.',
    );
  }
  const url =
    given.url === undefined
      ? {}
      : parseConnectionUrl(urlPath, textOption(urlPath, given.url, 'Give a string.'));
  const pick = (key: 'host' | 'username' | 'database', fix: string): string => {
    const value = given[key];
    if (value !== undefined && url[key] !== undefined && value !== url[key])
      throw contradictsUrl(`${path}.${key}`);
    return textOption(`${path}.${key}`, value ?? url[key], fix);
  };
  const nameOfServer = 'Give the name of the server, such as "example.postgres.database.azure.com".';
  const host = hostOption(`${path}.host`, pick('host', nameOfServer), nameOfServer);
  if (host.startsWith('/')) {
    const fix = 'Give the name of a server: a local socket has no TLS, and Azure has none.';
    requireOpening(`${path}.host`, 'a local socket', fix, allowsUnverified);
    checkSocket(path, given.ssl, url.sslmode);
  }
  const role = (): string => {
    const name = pick('username', 'Give the name of the database role that stands for the Entra principal.');
    if (fitsRoleName(name)) return name;
    throw new EntraOptionsError(
      `${path}.username`,
      'longer than 63 bytes',
      'Give a name that PostgreSQL takes.',
    );
  };
  const endpoint = {
    host,
    port: port(path, given.port, url.port),
    ...(given.username === undefined && url.username === undefined ? {} : { username: role() }),
    database: pick('database', 'Give the name of the database.'),
    ssl: host.startsWith('/')
      ? false
      : resolveTls({ path, urlPath, host, given: given.ssl, url, allowsUnverified }),
  };
  return [endpoint, url];
}

function port(path: string, given: unknown, fromUrl: number | undefined): number {
  if (given !== undefined && fromUrl !== undefined && given !== fromUrl) throw contradictsUrl(`${path}.port`);
  const value = given ?? fromUrl ?? defaultPort;
  if (typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 65_536) return value;
  throw new EntraOptionsError(
    `${path}.port`,
    kindOf(value),
    `Give a number from 1 to 65535; the default is ${defaultPort}.`,
  );
}

/** TLS on a local socket is what libpq ignores, and pg would try. */
function checkSocket(path: string, ssl: unknown, sslmode: string | undefined): void {
  if ((ssl === undefined || ssl === false) && (sslmode === undefined || sslmode === 'disable')) return;
  throw new EntraOptionsError(`${path}.ssl`, 'asks for TLS on a local socket', 'Leave it out.');
}
