import { EntraOptionsError } from '../common/entra-auth.error.js';
import {
  booleanOption,
  choiceOption,
  isObject,
  kindOf,
  numberOption,
  shownChoice,
} from '../common/option-checks.js';
import { longestDelayInMs } from '../common/clock.js';
import type { AccessTokenClaims } from '../entra/json-web-token.js';
import type { EntraDataSourceOptions, UnverifiedDataSourceOptions } from './entra-data-source.options.js';
import { contradictsUrl } from './connection-url.js';
import { fitsRoleName, roleNameFromToken } from './role-name.js';
import type { ResolvedEndpoint } from './resolve-endpoint.js';
import { endpointKeys, resolveServers, type ResolvedServers } from './resolve-servers.js';
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

/** Finds idle connections that lead nowhere any more; Azure's load balancers forget them after four minutes. */
const keepAliveDefaults = { keepAlive: true, keepAliveInitialDelayMillis: 30_000 };

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

// What TypeORM does not know.
const ownKeys: readonly (keyof UnverifiedDataSourceOptions)[] = [
  'resource',
  'roleNameFromToken',
  'fallbackUsername',
  'maxConnectionLifetimeInMs',
  openingOption,
];

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
      'empty',
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
    throw new EntraOptionsError(`${path}.type`, shownChoice(options.type), 'Write type: "postgres".');
  }
  checkForbidden(path, options);
  const own = ownOptions(path, options);
  const opening: unknown = Reflect.get(options, openingOption);
  const allowsUnverified = booleanOption(`${path}.${openingOption}`, opening, false);
  const servers = resolveServers(path, options, allowsUnverified);
  const { endpoints, fromUrl } = servers;
  const timeout = either(`${path}.connectTimeoutMS`, options.connectTimeoutMS, fromUrl.connectTimeoutMS);
  const range = { min: 1, max: 600_000, unit: 'milliseconds' };
  const connectTimeoutInMs = numberOption(
    `${path}.connectTimeoutMS`,
    timeout,
    defaultConnectTimeoutInMs,
    range,
  );
  return {
    name,
    ...own,
    connectTimeoutInMs,
    primary: endpoints[0],
    endpoints,
    typeOrmOptions: {
      ...typeOrmOptionsOf(path, options, servers),
      connectTimeoutMS: connectTimeoutInMs,
    },
  };
}

function ownOptions(
  path: string,
  options: EntraDataSourceOptions,
): Pick<
  ResolvedDataSource,
  'resource' | 'roleNameFromToken' | 'fallbackUsername' | 'maxConnectionLifetimeInMs'
> {
  const {
    resource = 'postgres',
    roleNameFromToken: fromToken = roleNameFromToken,
    fallbackUsername: fallback,
    maxConnectionLifetimeInMs: lifetime,
  } = options;
  if (typeof resource !== 'string' || resource === '') {
    throw new EntraOptionsError(`${path}.resource`, kindOf(resource), 'Give the name of a resource.');
  }
  if (typeof fromToken !== 'function') {
    const fix = 'Give a function from the claims of a token to the name of a role, or leave it out.';
    throw new EntraOptionsError(`${path}.roleNameFromToken`, kindOf(fromToken), fix);
  }
  if (fallback !== undefined && (typeof fallback !== 'string' || !fitsRoleName(fallback))) {
    throw new EntraOptionsError(`${path}.fallbackUsername`, kindOf(fallback), 'Give the name of a role.');
  }
  return {
    resource,
    roleNameFromToken: fromToken,
    ...(fallback === undefined ? {} : { fallbackUsername: fallback }),
    ...(lifetime === undefined ? {} : { maxConnectionLifetimeInMs: lifetimeOption(path, lifetime) }),
  };
}

function typeOrmOptionsOf(
  path: string,
  options: EntraDataSourceOptions,
  { endpoints, fromUrl }: ResolvedServers,
): ResolvedDataSource['typeOrmOptions'] {
  const { replication } = options;
  const [primary, ...slaves] = endpoints;
  const extra = without((options.extra ?? {}) as object, ['connectionString']);
  const applicationName = either(`${path}.applicationName`, options.applicationName, fromUrl.applicationName);
  either(`${path}.extra.application_name`, extra['application_name'], fromUrl.applicationName);
  const serverOptions = either(`${path}.extra.options`, extra['options'], fromUrl.options);
  const sslnegotiation = negotiation(path, extra['sslnegotiation'], fromUrl.sslnegotiation, endpoints);
  return {
    ...without(options, [...ownKeys, ...endpointKeys, 'replication']),
    ...(replication === undefined ? primary : { replication: { ...replication, master: primary, slaves } }),
    ...(applicationName === undefined ? {} : { applicationName }),
    extra: {
      ...keepAliveDefaults,
      ...extra,
      ...(serverOptions === undefined ? {} : { options: serverOptions }),
      ...(sslnegotiation === undefined ? {} : { sslnegotiation }),
    },
  };
}

/** What may be given in the URL or as an option, and not differently in both. */
function either<T>(option: string, given: T | undefined, fromUrl: T | undefined): T | undefined {
  if (given === undefined || fromUrl === undefined || given === fromUrl) return given ?? fromUrl;
  throw contradictsUrl(option);
}

function lifetimeOption(path: string, given: unknown): number {
  const range = { min: 1_000, max: longestDelayInMs, unit: 'milliseconds' };
  return numberOption(`${path}.maxConnectionLifetimeInMs`, given, Infinity, range);
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
    throw new EntraOptionsError(option, 'direct on a connection without TLS', fix);
  }
  return value;
}

function checkForbidden(path: string, options: EntraDataSourceOptions): void {
  for (const key of forbiddenOptions) {
    if (Reflect.get(options, key) === undefined) continue;
    const fix = 'Leave it out: this module brings its own use of "pg".';
    throw new EntraOptionsError(`${path}.${key}`, 'given', fix);
  }
  checkExtra(`${path}.extra`, options.extra);
}

function checkExtra(path: string, extra: unknown): void {
  if (extra === undefined) return;
  if (!isObject(extra)) throw new EntraOptionsError(path, kindOf(extra), 'Give an object of pool options.');
  for (const key of forbiddenExtras) {
    if (!(key in extra)) continue;
    throw new EntraOptionsError(
      `${path}.${key}`,
      'would override what was checked',
      'Use the data source options.',
    );
  }
}

function without(options: object, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([key]) => !keys.includes(key)));
}
