import type { DataSource } from 'typeorm';

import { systemClock } from '../../common/clock.js';
import { withDeadline } from '../../common/deadline.js';
import { EntraTimeoutError } from '../../common/entra-auth.error.js';
import { findDataSource } from '../data-source.loader.js';
import type { DatabaseSettings } from './doctor.settings.js';
import { failed, ok, type Finding } from './finding.js';

const timeoutInMs = 8_000;

/** The server of a data source, as its options have it; `undefined` when it is not one of PostgreSQL. */
export function serverOf({ options }: DataSource): DatabaseSettings | undefined {
  if (options.type !== 'postgres' || typeof options.host !== 'string') return undefined;
  const { host, port = 5432, database = 'postgres', username, ssl } = options;
  const ca: unknown = typeof ssl === 'object' && ssl !== null ? Reflect.get(ssl, 'ca') : undefined;
  return { host, port, database, username, ca: typeof ca === 'string' ? ca : undefined };
}

/** Loads the module that exports the data source, without connecting it. */
export async function loadForDoctor(file: string): Promise<DataSource | Finding> {
  try {
    return await withDeadline(findDataSource(file), {
      timeoutInMs,
      clock: systemClock,
      onTimeout: () => late,
    });
  } catch (error) {
    return failed('login', error, 'Give the path of a compiled module (.js, .mjs or .cjs).');
  }
}

/** Connects the data source with its own credential, and closes it. */
export async function connectDataSource(dataSource: DataSource): Promise<Finding[]> {
  const connect = async (): Promise<void> => {
    if (!dataSource.isInitialized) await dataSource.initialize();
    await dataSource.query('select 1');
  };
  try {
    await withDeadline(connect(), { timeoutInMs, clock: systemClock, onTimeout: () => late });
    return [ok('login', `The data source connects${whereTo(dataSource)} with its own credential.`)];
  } catch (error) {
    return [failed('login', error, 'Check the database and the role.')];
  } finally {
    if (dataSource.isInitialized) await dataSource.destroy();
  }
}

/** The server, where no check of its own has named it. */
function whereTo({ options }: DataSource): string {
  if (options.type === 'mysql') return ` to MySQL at ${options.host ?? 'localhost'}:${options.port ?? 3306}`;
  if (options.type === 'mssql')
    return ` to Azure SQL at ${options.host ?? 'localhost'}:${options.port ?? 1433}`;
  return '';
}

const late = new EntraTimeoutError('The data source', timeoutInMs, 'Check that its server can be reached.');
