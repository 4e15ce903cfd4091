import { isIP } from 'node:net';

import { EntraOptionsError } from '../common/entra-auth.error.js';
import { isObject, kindOf, numberOption } from '../common/option-checks.js';
import { type OptionTable, readOptions } from '../common/option-table.js';
import { hostOption, textOption } from '../common/text-checks.js';
import { connectTimeoutRange, defaultConnectTimeoutInMs, resourceCheck } from '../database/own-options.js';
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

const hostFix = 'Give the name of the server, such as "example.database.windows.net".';

/** The pool gives a connection up later than the login does, whose error has a reason. */
const marginInMs = 1_000;
const defaultPoolTimeoutInMs = 30_000;

/** @throws {EntraOptionsError} for the first option of a data source that is wrong or missing */
export function resolveMsSqlDataSource(name: string, path: string, given: object): ResolvedMsSqlDataSource {
  const options = given as Record<string, unknown>;
  checkRefused(path, options, refusedOptions);
  const own = readOptions(path, options, ownTable);
  const primary = endpointOf(path, options);
  const driverOptions = objectOption(`${path}.options`, options['options']);
  checkRefused(`${path}.options`, driverOptions, refusedDriverOptions);
  const encryption = resolveEncryption(`${path}.options`, driverOptions);
  checkExtra(`${path}.extra`, objectOption(`${path}.extra`, options['extra']));
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

function checkRefused(
  path: string,
  options: Record<string, unknown>,
  refused: Readonly<Record<string, string>>,
): void {
  for (const [key, fix] of Object.entries(refused)) {
    if (options[key] !== undefined) throw new EntraOptionsError(`${path}.${key}`, 'given', fix);
  }
}

function checkExtra(path: string, extra: Record<string, unknown>): void {
  const refused = refusedExtras.find((key) => key in extra);
  if (refused === undefined) return;
  const fix = 'Use the data source options.';
  throw new EntraOptionsError(`${path}.${refused}`, 'would override what was checked', fix);
}

function objectOption(path: string, value: unknown): Record<string, unknown> {
  if (value === undefined) return {};
  if (isObject(value)) return value;
  throw new EntraOptionsError(path, kindOf(value), 'Give an object, or leave it out.');
}

function endpointOf(path: string, { host, port, database }: Record<string, unknown>): DatabaseEndpoint {
  const checkedHost = hostOption(`${path}.host`, host, hostFix);
  if (checkedHost.startsWith('/') || isIP(checkedHost) !== 0) {
    const problem = checkedHost.startsWith('/') ? 'a local socket' : 'an IP address';
    const fix = `${hostFix} The certificate is checked against the name.`;
    throw new EntraOptionsError(`${path}.host`, problem, fix);
  }
  return {
    host: checkedHost,
    port: portOption(`${path}.port`, port),
    database: textOption(`${path}.database`, database, 'Give the name of the database.'),
  };
}

function portOption(path: string, value: unknown): number {
  const port = numberOption(path, value, 1433, { min: 1, max: 65_535, unit: 'a port' });
  if (Number.isInteger(port)) return port;
  throw new EntraOptionsError(path, String(port), 'Give a whole number, or leave it out for 1433.');
}
