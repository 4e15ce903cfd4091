import { EntraOptionsError } from '../common/entra-auth.error.js';
import { checkObject, isObject, kindOf } from '../common/option-checks.js';
import type { ConnectionUrlParts } from './connection-url.js';
import type { EntraDataSourceOptions } from './entra-data-source.options.js';
import {
  type EndpointCandidate,
  endpointNames,
  type ResolvedEndpoint,
  resolveEndpoint,
} from './resolve-endpoint.js';

/** The servers of one data source, after defaults and checks. */
export interface ResolvedServers {
  /** The only server, or the master and then its slaves. */
  endpoints: readonly [ResolvedEndpoint, ...ResolvedEndpoint[]];
  /** The URL of the first one, part of which applies to the whole data source. */
  fromUrl: ConnectionUrlParts;
}

/**
 * Finds the servers of a data source in its options, in their URL, or in that of the pool.
 *
 * @throws {EntraOptionsError} for whatever is missing, contradictory or unsafe
 */
export function resolveServers(
  path: string,
  options: EntraDataSourceOptions,
  allowsUnverified: boolean,
): ResolvedServers {
  const { replication } = options;
  const connectionString: unknown = Reflect.get(options.extra ?? {}, 'connectionString');
  checkPlaces(path, options, connectionString);
  const single = connectionString === undefined ? options : { ...options, url: connectionString };
  const candidates = replication === undefined ? [single] : serversOf(`${path}.replication`, replication);
  const resolved = candidates.map((candidate, index) =>
    resolveEndpoint(pathOf(path, replication, index), candidate, {
      allowsUnverified,
      ...(connectionString === undefined ? {} : { urlPath: `${path}.extra.connectionString` }),
    }),
  );
  const fromUrl = resolved[0]?.[1] ?? {};
  resolved.forEach(([, parts], index) => checkShared(pathOf(path, replication, index), parts, fromUrl));
  const endpoints = resolved.map(([endpoint]) => endpoint) as [ResolvedEndpoint, ...ResolvedEndpoint[]];
  return { endpoints, fromUrl };
}

/** The master of a replication and its slaves, not yet checked. */
function serversOf(path: string, replication: unknown): EndpointCandidate[] {
  const wanted = 'Give { master, slaves }, where "slaves" is an array of servers.';
  if (!isObject(replication)) throw new EntraOptionsError(path, kindOf(replication), wanted);
  const { master, slaves } = replication as { master?: unknown; slaves?: unknown };
  if (!Array.isArray(slaves)) throw new EntraOptionsError(`${path}.slaves`, kindOf(slaves), wanted);
  return [master, ...(slaves as unknown[])].map((server, index) => {
    const option = index === 0 ? `${path}.master` : `${path}.slaves[${index - 1}]`;
    checkObject(option, server, endpointNames, 'Give a server as { host, username, database }.');
    return server;
  });
}

function pathOf(path: string, replication: unknown, index: number): string {
  if (replication === undefined) return path;
  return index === 0 ? `${path}.replication.master` : `${path}.replication.slaves[${index - 1}]`;
}

/** Each server is described in one place: TypeORM and pg would each ignore all but one of several. */
function checkPlaces(path: string, options: EntraDataSourceOptions, connectionString: unknown): void {
  if (connectionString !== undefined && (options.url !== undefined || options.replication !== undefined)) {
    const fix = 'Give the server in one place, as "url".';
    throw new EntraOptionsError(`${path}.extra.connectionString`, 'not the only description', fix);
  }
  if (options.replication === undefined) return;
  for (const key of endpointNames) {
    // An application name may be given for all servers at once.
    if (key === 'applicationName' || Reflect.get(options, key) === undefined) continue;
    const fix = 'Give it for the master and for each of the slaves.';
    throw new EntraOptionsError(`${path}.${key}`, 'ignored together with "replication"', fix);
  }
}

/** Refuses URLs of servers that differ in what applies to the whole data source. */
function checkShared(path: string, parts: ConnectionUrlParts, first: ConnectionUrlParts): void {
  for (const key of ['applicationName', 'connectTimeoutMS', 'options', 'sslnegotiation'] as const) {
    if (parts[key] === undefined || parts[key] === first[key]) continue;
    const fix = 'Give it in the URL of the master, or as an option of the data source.';
    throw new EntraOptionsError(`${path}.url`, `its ${key} is another than the master's`, fix);
  }
}
