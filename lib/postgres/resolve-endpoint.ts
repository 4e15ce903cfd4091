import { EntraOptionsError } from '../common/entra-auth.error.js';
import { kindOf } from '../common/option-checks.js';
import { type OptionTable, readOptions } from '../common/option-table.js';
import { hostOption, textOption } from '../common/text-checks.js';
import { portOption } from '../database/own-options.js';
import type { DatabaseEndpoint } from '../database/resolved-database.js';
import { requireOpening } from '../database/opening.js';
import { type ConnectionUrlParts, parseConnectionUrl, reconciled } from './connection-url.js';
import type { EntraEndpointOptions } from './entra-data-source.options.js';
import { resolveTls } from './resolve-tls.js';
import type { EndpointTls } from './server-verification.js';

/** One server, complete: everything but the token. Safe to connect to, unless the user has opened the guard. */
export interface ResolvedEndpoint extends DatabaseEndpoint {
  ssl: EndpointTls;
  applicationName?: string;
}

/** An endpoint as found in the options, not yet checked. */
export type EndpointCandidate = Readonly<Partial<Record<keyof EntraEndpointOptions, unknown>>>;

const defaultPort = 5432;

/** PostgreSQL cuts longer names off without a word, and the login would then be for another role. */
const longestRoleNameInBytes = 63;

/** Whether PostgreSQL takes a text as a role name without cutting it off. */
export function fitsRoleName(name: string): boolean {
  return name !== '' && !name.includes('\0') && Buffer.byteLength(name) <= longestRoleNameInBytes;
}

const endpointTable = (url: ConnectionUrlParts) =>
  ({
    // Taken apart before.
    url: () => undefined,
    password: (path, value) => {
      if (value === undefined) return;
      throw new EntraOptionsError(path, 'given', 'Leave it out: the access token takes its place.');
    },
    host: (path, value) => {
      const fix = 'Give the name of the server, such as "example.postgres.database.azure.com".';
      return hostOption(path, textOption(path, reconciled(path, value, url.host), fix), fix);
    },
    port: (path, value) => portOption(path, reconciled(path, value, url.port), defaultPort),
    username: (path, value) => roleOption(path, reconciled(path, value, url.username)),
    database: (path, value) =>
      textOption(path, reconciled(path, value, url.database), 'Give the name of the database.'),
    ssl: (_, value) => value,
    applicationName: (path, value) =>
      applicationNameOption(path, reconciled(path, value, url.applicationName)),
  }) satisfies OptionTable<EntraEndpointOptions>;

/** The options that describe one server. */
export const endpointNames: readonly string[] = Object.keys(endpointTable({}));

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
  const url =
    given.url === undefined
      ? {}
      : parseConnectionUrl(urlPath, textOption(urlPath, given.url, 'Give a string.'));
  const checked = readOptions(path, given, endpointTable(url));
  const { host, port, username, database, applicationName } = checked;
  if (host.startsWith('/')) {
    const fix = 'Give the name of a server: a local socket has no TLS, and Azure has none.';
    requireOpening(`${path}.host`, 'a local socket', fix, allowsUnverified);
    checkSocket(path, checked.ssl, url.sslmode);
  }
  const ssl = host.startsWith('/')
    ? false
    : resolveTls({ path, urlPath, host, given: checked.ssl, url, allowsUnverified });
  const endpoint = {
    host,
    port,
    ...(username === undefined ? {} : { username }),
    database,
    ssl,
    ...(applicationName === undefined ? {} : { applicationName }),
  };
  return [endpoint, url];
}

function roleOption(path: string, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  const fix = 'Give the name of the database role that stands for the Entra principal.';
  const name = textOption(path, value, fix);
  if (fitsRoleName(name)) return name;
  throw new EntraOptionsError(path, 'longer than 63 bytes', 'Give a name that PostgreSQL takes.');
}

function applicationNameOption(path: string, value: unknown): string | undefined {
  if (value === undefined || typeof value === 'string') return value;
  throw new EntraOptionsError(path, kindOf(value), 'Give a string, or leave it out.');
}

/** TLS on a local socket is what libpq ignores, and pg would try. */
function checkSocket(path: string, ssl: unknown, sslmode: string | undefined): void {
  if ((ssl === undefined || ssl === false) && (sslmode === undefined || sslmode === 'disable')) return;
  throw new EntraOptionsError(`${path}.ssl`, 'asks for TLS on a local socket', 'Leave it out.');
}
