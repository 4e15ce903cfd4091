import { EntraOptionsError } from '../../common/entra-auth.error.js';
import type { EntraCloud } from '../../entra/clouds.js';
import { readCertificates } from '../token.settings.js';

/** The options of the command line. */
export interface DoctorOptions {
  cloud: EntraCloud;
  authorityHost?: string;
  caFile?: string;
  resource?: string;
  host?: string;
  port: string;
  database?: string;
  username?: string;
  dataSource?: string;
  redis?: string;
  json?: boolean;
}

/** A server and its port. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** A database to log in to. */
export interface DatabaseSettings extends Address {
  readonly database: string;
  readonly username: string | undefined;
  readonly ca: string | undefined;
}

/** What is looked at. */
export interface DoctorSettings {
  readonly cloud: EntraCloud;
  readonly authorityHost: string | undefined;
  /** Certificate authorities of the authority, the database and Redis, as PEM. */
  readonly ca: string | undefined;
  /** Name of a well-known resource, or a scope. */
  readonly resource: string;
  readonly database: DatabaseSettings | undefined;
  readonly redis: Address | undefined;
}

/** @throws {EntraOptionsError} for a value that cannot be meant */
export function doctorSettings(options: DoctorOptions): DoctorSettings {
  const { cloud, authorityHost, host, username, database, redis } = options;
  const ca = options.caFile === undefined ? undefined : readCertificates(options.caFile);
  if (host === undefined && (database ?? username) !== undefined)
    throw new EntraOptionsError('--host', 'missing', 'Give the host name of the server too.');
  return {
    cloud,
    authorityHost: authorityHost ?? (process.env['AZURE_AUTHORITY_HOST']?.trim() || undefined),
    ca,
    resource: options.resource ?? (host === undefined && redis !== undefined ? 'redis' : 'postgres'),
    database:
      host === undefined
        ? undefined
        : { host, port: portOf('--port', options.port), database: database ?? 'postgres', username, ca },
    redis: redis === undefined ? undefined : addressOf(redis),
  };
}

const defaultRedisPort = 10_000;

function addressOf(text: string): Address {
  const [, host, port] = /^([^:/]+)(?::(\d+))?$/.exec(text) ?? [];
  if (host === undefined)
    throw new EntraOptionsError('--redis', 'not a host', 'Give it as "name.redis.azure.net:10000".');
  return { host, port: port === undefined ? defaultRedisPort : portOf('--redis', port) };
}

function portOf(option: string, text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new EntraOptionsError(option, 'not a port', 'Give a number from 1 to 65535.');
}
