import { longestDelayInMs } from '../common/clock.js';
import { EntraOptionsError } from '../common/entra-auth.error.js';
import { isObject, kindOf, numberOption, shownChoice } from '../common/option-checks.js';
import { booleanCheck, type OptionTable, readOptions } from '../common/option-table.js';
import type { AccessTokenClaims } from '../entra/json-web-token.js';
import { reconciled } from './connection-url.js';
import type { EntraDataSourceOptions, OwnDataSourceOptions } from './entra-data-source.options.js';
import type { ResolvedEndpoint } from './resolve-endpoint.js';
import { resolveServers } from './resolve-servers.js';
import { fitsRoleName, roleNameFromToken } from './role-name.js';
import { checkTypeOrmOptions, typeOrmOptionsOf } from './typeorm-options.js';

/** A data source after defaults and checks. */
export interface ResolvedDataSource {
  /** `default`, or the name under which it was configured. */
  name: string;
  /** The resource whose token is the password. */
  resource: string;
  connectTimeoutInMs: number;
  /** How old a connection may grow; absent without a limit. */
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

const ownTable = {
  resource: (path, value = 'postgres') => {
    if (typeof value === 'string' && value !== '') return value;
    throw new EntraOptionsError(path, kindOf(value), 'Give the name of a resource.');
  },
  roleNameFromToken: (path, value = roleNameFromToken): ResolvedDataSource['roleNameFromToken'] => {
    if (typeof value === 'function') return value as ResolvedDataSource['roleNameFromToken'];
    const fix = 'Give a function from the claims of a token to the name of a role, or leave it out.';
    throw new EntraOptionsError(path, kindOf(value), fix);
  },
  fallbackUsername: (path, value) => {
    if (value === undefined || (typeof value === 'string' && fitsRoleName(value))) return value;
    throw new EntraOptionsError(path, kindOf(value), 'Give the name of a role.');
  },
  maxConnectionLifetimeInMs: (path, value) => {
    if (value === undefined) return undefined;
    return numberOption(path, value, Infinity, { min: 1_000, max: longestDelayInMs, unit: 'milliseconds' });
  },
  dangerouslySendTokenWithoutVerifiedTls: booleanCheck(false),
} satisfies OptionTable<OwnDataSourceOptions>;

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
  checkTypeOrmOptions(path, options);
  const { dangerouslySendTokenWithoutVerifiedTls, ...own } = readOptions(path, options, ownTable);
  const servers = resolveServers(path, options, dangerouslySendTokenWithoutVerifiedTls);
  const { endpoints, fromUrl } = servers;
  const timeoutOption = `${path}.connectTimeoutMS`;
  const connectTimeoutInMs = numberOption(
    timeoutOption,
    reconciled(timeoutOption, options.connectTimeoutMS, fromUrl.connectTimeoutMS),
    defaultConnectTimeoutInMs,
    { min: 1, max: 600_000, unit: 'milliseconds' },
  );
  return {
    name,
    ...own,
    connectTimeoutInMs,
    primary: endpoints[0],
    endpoints,
    typeOrmOptions: {
      ...typeOrmOptionsOf(path, options, servers, Object.keys(ownTable)),
      connectTimeoutMS: connectTimeoutInMs,
    },
  };
}
