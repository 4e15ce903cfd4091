import { EntraOptionsError } from '../errors/options.error.js';
import { kindOf, numberOption } from '../options/option-checks.js';
import type { AccessTokenClaims } from '../token/json-web-token.js';
import type { EntraDataSourceOptions } from './entra-data-source.options.js';
import { fitsRoleName, roleNameFromToken } from './role-name.js';
import { resolveEndpoint, type EndpointCandidate, type ResolvedEndpoint } from './resolve-endpoint.js';

/** A data source after defaults and checks. */
export interface ResolvedDataSource {
  /** `default`, or the name under which it was configured. */
  name: string;
  /** The resource whose token is the password. */
  resource: string;
  connectTimeoutInMs: number;
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
  'connectionString',
  'user',
  'host',
  'port',
  'database',
  'stream',
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
  const {
    resource = 'postgres',
    roleNameFromToken: fromToken = roleNameFromToken,
    fallbackUsername,
    replication,
    ...rest
  } = options;
  const extra: unknown = options.extra;
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
  const candidates = replication === undefined ? [options] : [replication.master, ...replication.slaves];
  const resolved = candidates.map((candidate, index) =>
    resolveEndpoint(pathOf(path, replication, index), candidate),
  );
  const endpoints = resolved.map(([endpoint]) => endpoint);
  const [primary] = endpoints;
  const fromUrl = resolved[0]?.[1] ?? {};
  if (primary === undefined)
    throw new EntraOptionsError(`${path}.replication.master`, 'it is missing', 'Give a server.');
  const timeout = options.connectTimeoutMS ?? fromUrl.connectTimeoutMS;
  const connectTimeoutInMs = numberOption(`${path}.connectTimeoutMS`, timeout, defaultConnectTimeoutInMs, {
    min: 1,
    max: 600_000,
    unit: 'milliseconds',
  });
  const applicationName = options.applicationName ?? fromUrl.applicationName;
  return {
    name,
    resource,
    connectTimeoutInMs,
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
        ...(fromUrl.options === undefined ? {} : { options: fromUrl.options }),
        ...(extra as object | undefined),
      },
    },
  };
}

function pathOf(path: string, replication: unknown, index: number): string {
  if (replication === undefined) return path;
  return index === 0 ? `${path}.replication.master` : `${path}.replication.slaves[${index - 1}]`;
}

function withoutEndpoint(options: object): object {
  const endpoint: (keyof EndpointCandidate)[] = [
    'url',
    'host',
    'port',
    'username',
    'database',
    'password',
    'ssl',
  ];
  return Object.fromEntries(
    Object.entries(options).filter(([key]) => !endpoint.includes(key as keyof EndpointCandidate)),
  );
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

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
