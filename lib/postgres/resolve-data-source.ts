import { longestDelayInMs } from '../common/clock.js';
import { EntraOptionsError } from '../common/entra-auth.error.js';
import { kindOf, numberOption, shownChoice } from '../common/option-checks.js';
import { booleanCheck, type OptionTable, readOptions } from '../common/option-table.js';
import type { ResolvedDatabase } from '../database/resolved-database.js';
import { roleNameFromToken } from '../database/role-name.js';
import { reconciled } from './connection-url.js';
import type { EntraDataSourceOptions, OwnDataSourceOptions } from './entra-data-source.options.js';
import { fitsRoleName, type ResolvedEndpoint } from './resolve-endpoint.js';
import { resolveServers } from './resolve-servers.js';

import { checkTypeOrmOptions, typeOrmOptionsOf } from './typeorm-options.js';

/** A data source of PostgreSQL after defaults and checks. */
export interface ResolvedDataSource extends ResolvedDatabase {
  type: 'postgres';
  /** How old a connection may grow; absent without a limit. */
  maxConnectionLifetimeInMs?: number;
  primary: ResolvedEndpoint;
  endpoints: readonly ResolvedEndpoint[];
}

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

/** @throws {EntraOptionsError} for the first option of a data source that is wrong or missing */
export function resolveDataSource(name: string, path: string, given: object): ResolvedDataSource {
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
    type: 'postgres',
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
