import { EntraOptionsError } from '../errors/options.error.js';
import { booleanOption, choiceOption, isObject, kindOf, numberOption } from '../options/option-checks.js';
import { longestDelayInMs } from '../refresh/clock.js';
import type { AccessTokenClaims } from '../token/json-web-token.js';
import type { EntraDataSourceOptions } from './entra-data-source.options.js';
import { contradictsUrl, type ConnectionUrlParts } from './connection-url.js';
import { fitsRoleName, roleNameFromToken } from './role-name.js';
import { resolveEndpoint, type EndpointCandidate, type ResolvedEndpoint } from './resolve-endpoint.js';
import { openingOption } from './ssl-mode.js';

/** A data source after defaults and checks. */
export interface ResolvedDataSource {
  /** `default`, or the name under which it was configured. */
  name: string;
  /** The resource whose token is the password. */
  resource: string;
  connectTimeoutInMs: number;
  /** How old a connection may grow; absent when it may grow as old as it likes. */
  maxConnectionLifetimeInMs?: number;
  /** Finds the role in a token, when there is no `username`. */
  roleNameFromToken: (claims: AccessTokenClaims) => string | undefined;
  fallbackUsername?: string;
  /** The only server, or the master. */
  primary: ResolvedEndpoint;
  /** Every server, the primary first. */
  endpoints: readonly ResolvedEndpoint[];
  /** What TypeORM is given, but for the driver and the password. */
  typeOrmOptions: Record<string, unknown>;
}

const defaultName = 'default';
const defaultConnectTimeoutInMs = 15_000;

// These reach pg behind TypeORM's back and win over what was checked here.
const forbiddenExtras = [
  'password',
  'ssl',
  'user',
  'host',
  'port',
  'database',
  'stream',
  'connection',
  'connectionTimeoutMillis',
  'Client',
];
const forbiddenOptions = ['driver', 'nativeDriver'];

/** Resolves the option `dataSource`, which is one set of options or several by name. */
export function resolveDataSources(option: unknown): ReadonlyMap<string, ResolvedDataSource> {
  if (option === undefined) return new Map();
  if (!isObject(option))
    throw new EntraOptionsError('dataSource', kindOf(option), 'Give the options as an object.');
  if (!Object.values(option).every(isObject)) {
    return new Map([[defaultName, resolveDataSource(defaultName, 'dataSource', option)]]);
  }
  const entries = Object.entries(option);
  if (entries.length === 0) {
    throw new EntraOptionsError(
      'dataSource',
      'it is empty',
      'Give { type: "postgres", host, username, database }.',
    );
  }
  return new Map(
    entries.map(([name, one]) => [name, resolveDataSource(name, `dataSource.${name}`, one as object)]),
  );
}

function resolveDataSource(name: string, path: string, given: object): ResolvedDataSource {
  const options = given as EntraDataSourceOptions;
  if (options.type !== 'postgres') {
    throw new EntraOptionsError(`${path}.type`, kindOf(options.type), 'Write type: "postgres".');
  }
  for (const key of forbiddenOptions) {
    if (Reflect.get(options, key) === undefined) continue;
    throw new EntraOptionsError(
      `${path}.${key}`,
      'it is given',
      'Leave it out: this module brings its own use of "pg".',
    );
  }
  checkExtra(`${path}.extra`, options.extra);
  const allowsUnverified = booleanOption(
    `${path}.${openingOption}`,
    Reflect.get(options, openingOption),
    false,
  );
  const {
    resource = 'postgres',
    roleNameFromToken: fromToken = roleNameFromToken,
    fallbackUsername,
    replication,
    maxConnectionLifetimeInMs,
    ...rest
  } = options;
  const { connectionString, ...extra } = (options.extra ?? {}) as Record<string, unknown>;
  if (typeof resource !== 'string' || resource === '') {
    throw new EntraOptionsError(`${path}.resource`, kindOf(resource), 'Give the name of a resource.');
  }
  if (typeof fromToken !== 'function') {
    const fix = 'Give a function from the claims of a token to the name of a role, or leave it out.';
    throw new EntraOptionsError(`${path}.roleNameFromToken`, kindOf(fromToken), fix);
  }
  if (
    fallbackUsername !== undefined &&
    (typeof fallbackUsername !== 'string' || !fitsRoleName(fallbackUsername))
  ) {
    throw new EntraOptionsError(
      `${path}.fallbackUsername`,
      kindOf(fallbackUsername),
      'Give the name of a role.',
    );
  }
  checkPlaces(path, options, connectionString);
  const single = connectionString === undefined ? options : { ...options, url: connectionString };
  const candidates = replication === undefined ? [single] : serversOf(`${path}.replication`, replication);
  const resolved = candidates.map((candidate, index) =>
    resolveEndpoint(pathOf(path, replication, index), candidate, {
      allowsUnverified,
      ...(connectionString === undefined ? {} : { urlPath: `${path}.extra.connectionString` }),
    }),
  );
  const endpoints = resolved.map(([endpoint]) => endpoint);
  const [primary] = endpoints as [ResolvedEndpoint];
  const fromUrl = resolved[0]?.[1] ?? {};
  resolved.forEach(([, parts], index) => checkShared(pathOf(path, replication, index), parts, fromUrl));
  const timeout = either(`${path}.connectTimeoutMS`, options.connectTimeoutMS, fromUrl.connectTimeoutMS);
  const connectTimeoutInMs = numberOption(`${path}.connectTimeoutMS`, timeout, defaultConnectTimeoutInMs, {
    min: 1,
    max: 600_000,
    unit: 'milliseconds',
  });
  const applicationName = either(`${path}.applicationName`, options.applicationName, fromUrl.applicationName);
  either(`${path}.extra.application_name`, extra['application_name'], fromUrl.applicationName);
  const serverOptions = either(`${path}.extra.options`, extra['options'], fromUrl.options);
  const sslnegotiation = negotiation(path, extra['sslnegotiation'], fromUrl.sslnegotiation, endpoints);
  return {
    name,
    resource,
    connectTimeoutInMs,
    ...(maxConnectionLifetimeInMs === undefined
      ? {}
      : { maxConnectionLifetimeInMs: lifetime(path, maxConnectionLifetimeInMs) }),
    roleNameFromToken: fromToken,
    ...(fallbackUsername === undefined ? {} : { fallbackUsername }),
    primary,
    endpoints,
    typeOrmOptions: {
      ...withoutEndpoint(rest),
      ...(replication === undefined
        ? primary
        : { replication: { ...replication, master: primary, slaves: endpoints.slice(1) } }),
      connectTimeoutMS: connectTimeoutInMs,
      ...(applicationName === undefined ? {} : { applicationName }),
      extra: {
        ...extra,
        ...(serverOptions === undefined ? {} : { options: serverOptions }),
        ...(sslnegotiation === undefined ? {} : { sslnegotiation }),
      },
    },
  };
}

/** The master of a replication and its slaves, before any of it is believed. */
function serversOf(path: string, replication: unknown): EndpointCandidate[] {
  const wanted = 'Give { master, slaves }, where "slaves" is an array of servers.';
  if (!isObject(replication)) throw new EntraOptionsError(path, kindOf(replication), wanted);
  const { master, slaves } = replication as { master?: unknown; slaves?: unknown };
  if (!Array.isArray(slaves)) throw new EntraOptionsError(`${path}.slaves`, kindOf(slaves), wanted);
  return [master, ...(slaves as unknown[])].map((server, index) => {
    if (isObject(server)) return server;
    const option = index === 0 ? `${path}.master` : `${path}.slaves[${index - 1}]`;
    throw new EntraOptionsError(option, kindOf(server), 'Give a server as { host, username, database }.');
  });
}

/** What may be given in the URL or as an option, and not differently in both. */
function either<T>(option: string, given: T | undefined, fromUrl: T | undefined): T | undefined {
  if (given === undefined || fromUrl === undefined || given === fromUrl) return given ?? fromUrl;
  throw contradictsUrl(option);
}

function lifetime(path: string, given: unknown): number {
  const range = { min: 1_000, max: longestDelayInMs, unit: 'milliseconds' };
  return numberOption(`${path}.maxConnectionLifetimeInMs`, given, Infinity, range);
}

function pathOf(path: string, replication: unknown, index: number): string {
  if (replication === undefined) return path;
  return index === 0 ? `${path}.replication.master` : `${path}.replication.slaves[${index - 1}]`;
}

const endpointKeys: readonly (keyof EndpointCandidate)[] = [
  'url',
  'host',
  'port',
  'username',
  'database',
  'password',
  'ssl',
];

function withoutEndpoint(options: object): object {
  return Object.fromEntries(
    Object.entries(options).filter(
      ([key]) => key !== openingOption && !endpointKeys.includes(key as keyof EndpointCandidate),
    ),
  );
}

/** Each server is described in one place: TypeORM and pg would each ignore all but one of several. */
function checkPlaces(path: string, options: EntraDataSourceOptions, connectionString: unknown): void {
  if (connectionString !== undefined && (options.url !== undefined || options.replication !== undefined)) {
    const fix = 'Give the server in one place, as "url".';
    throw new EntraOptionsError(`${path}.extra.connectionString`, 'it is not the only description', fix);
  }
  if (options.replication === undefined) return;
  for (const key of endpointKeys) {
    if (Reflect.get(options, key) === undefined) continue;
    const fix = 'Give it for the master and for each of the slaves.';
    throw new EntraOptionsError(`${path}.${key}`, 'it would be ignored beside "replication"', fix);
  }
}

/** What a URL says of the whole data source must not differ from one server to the next. */
function checkShared(path: string, parts: ConnectionUrlParts, first: ConnectionUrlParts): void {
  for (const key of ['applicationName', 'connectTimeoutMS', 'options', 'sslnegotiation'] as const) {
    if (parts[key] === undefined || parts[key] === first[key]) continue;
    const fix = 'Give it in the URL of the master, or as an option of the data source.';
    throw new EntraOptionsError(`${path}.url`, `its ${key} is another than the master's`, fix);
  }
}

function negotiation(
  path: string,
  given: unknown,
  fromUrl: string | undefined,
  endpoints: readonly ResolvedEndpoint[],
): string | undefined {
  const option = `${path}.extra.sslnegotiation`;
  const choices = ['postgres', 'direct'] as const;
  const chosen = given === undefined ? undefined : choiceOption(option, given, 'postgres', choices);
  const value = either<string>(option, chosen, fromUrl);
  if (value === 'direct' && endpoints.some(({ ssl }) => ssl === false)) {
    const fix = 'Leave it out, or write "sslmode=verify-full".';
    throw new EntraOptionsError(option, 'it is direct on a connection without TLS', fix);
  }
  return value;
}

function checkExtra(path: string, extra: unknown): void {
  if (extra === undefined) return;
  if (!isObject(extra)) throw new EntraOptionsError(path, kindOf(extra), 'Give an object of pool options.');
  for (const key of forbiddenExtras) {
    if (!(key in extra)) continue;
    throw new EntraOptionsError(
      `${path}.${key}`,
      'it would override what was checked',
      'Use the data source options.',
    );
  }
}
