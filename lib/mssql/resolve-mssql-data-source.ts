import { EntraOptionsError } from '../common/entra-auth.error.js';
import { isObject, kindOf, numberOption } from '../common/option-checks.js';
import { type OptionTable, readOptions } from '../common/option-table.js';
import { namedServer } from '../database/named-server.js';
import { connectTimeoutRange, defaultConnectTimeoutInMs, resourceCheck } from '../database/own-options.js';
import { checkExtra, checkRefused } from '../database/refused-options.js';
import type { DatabaseEndpoint, ResolvedDatabase } from '../database/resolved-database.js';
import type { OwnMsSqlOptions } from './mssql-data-source.options.js';
import { type MsSqlEncryption, resolveEncryption } from './mssql-tls.js';
import { refusedDriverOptions, refusedExtras, refusedOptions } from './refused-options.js';

/** A data source of Azure SQL after defaults and checks. */
export interface ResolvedMsSqlDataSource extends ResolvedDatabase, MsSqlEncryption {
  type: 'mssql';
  endpoints: readonly [DatabaseEndpoint];
}

const ownTable = { resource: resourceCheck('sql') } satisfies OptionTable<OwnMsSqlOptions>;

const server = { example: 'example.database.windows.net', defaultPort: 1433 };

/** The pool gives a connection up later than the login does, whose error has a reason. */
const marginInMs = 1_000;
const defaultPoolTimeoutInMs = 30_000;

/** @throws {EntraOptionsError} for the first option of a data source that is wrong or missing */
export function resolveMsSqlDataSource(name: string, path: string, given: object): ResolvedMsSqlDataSource {
  const options = given as Record<string, unknown>;
  checkRefused(path, options, refusedOptions);
  const own = readOptions(path, options, ownTable);
  const primary = namedServer(path, options, server);
  const driverOptions = objectOption(`${path}.options`, options['options']);
  checkRefused(`${path}.options`, driverOptions, refusedDriverOptions);
  const encryption = resolveEncryption(`${path}.options`, driverOptions);
  checkExtra(`${path}.extra`, options['extra'], refusedExtras);
  const connectTimeoutInMs = numberOption(
    `${path}.connectionTimeout`,
    options['connectionTimeout'],
    defaultConnectTimeoutInMs,
    connectTimeoutRange,
  );
  const kept = Object.entries(options).filter(([key]) => !Object.hasOwn(ownTable, key));
  return {
    type: 'mssql',
    name,
    ...own,
    ...encryption,
    connectTimeoutInMs,
    primary,
    endpoints: [primary],
    typeOrmOptions: {
      ...Object.fromEntries(kept),
      ...primary,
      connectionTimeout: connectTimeoutInMs,
      options: { ...driverOptions, encrypt: encryption.encrypt, trustServerCertificate: false },
      pool: poolOf(objectOption(`${path}.pool`, options['pool']), connectTimeoutInMs),
    },
  };
}

function poolOf(given: Record<string, unknown>, connectTimeoutInMs: number): Record<string, unknown> {
  const patience = Math.max(defaultPoolTimeoutInMs, connectTimeoutInMs + marginInMs);
  return { createTimeoutMillis: patience, acquireTimeoutMillis: patience, ...given };
}

function objectOption(path: string, value: unknown): Record<string, unknown> {
  if (value === undefined) return {};
  if (isObject(value)) return value;
  throw new EntraOptionsError(path, kindOf(value), 'Give an object, or leave it out.');
}
