import { longestDelayInMs } from '../common/clock.js';
import { numberOption } from '../common/option-checks.js';
import { booleanCheck, type OptionTable, readOptions } from '../common/option-table.js';
import { connectTimeoutRange, defaultConnectTimeoutInMs, ownOptionChecks } from '../database/own-options.js';
import type { ResolvedDatabase } from '../database/resolved-database.js';
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

const ownTable = {
  ...ownOptionChecks('postgres', fitsRoleName),
  maxConnectionLifetimeInMs: (path, value) => {
    if (value === undefined) return undefined;
    return numberOption(path, value, Infinity, { min: 1_000, max: longestDelayInMs, unit: 'milliseconds' });
  },
  dangerouslySendTokenWithoutVerifiedTls: booleanCheck(false),
} satisfies OptionTable<OwnDataSourceOptions>;

/** @throws {EntraOptionsError} for the first option of a data source that is wrong or missing */
export function resolveDataSource(name: string, path: string, given: object): ResolvedDataSource {
  const options = given as EntraDataSourceOptions;
  checkTypeOrmOptions(path, options);
  const { dangerouslySendTokenWithoutVerifiedTls, ...own } = readOptions(path, options, ownTable);
  const servers = resolveServers(path, options, dangerouslySendTokenWithoutVerifiedTls);
  const { endpoints, fromUrl } = servers;
  const timeoutOption = `${path}.connectTimeoutMS`;
  const connectTimeoutInMs = numberOption(
    timeoutOption,
    reconciled(timeoutOption, options.connectTimeoutMS, fromUrl.connectTimeoutMS),
    defaultConnectTimeoutInMs,
    connectTimeoutRange,
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
