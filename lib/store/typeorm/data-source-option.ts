import type { DataSource } from 'typeorm';

import { EntraOptionsError } from '../../common/entra-auth.error.js';
import { kindOf } from '../../common/option-checks.js';

/** @throws {EntraOptionsError} for anything but a data source of PostgreSQL with two connections or more */
export function checkDataSource(dataSource: unknown): asserts dataSource is DataSource {
  const options = (dataSource as Partial<DataSource> | undefined)?.options;
  if (options === undefined)
    throw new EntraOptionsError('dataSource', kindOf(dataSource), 'Give a data source of TypeORM.');
  if (options.type !== 'postgres')
    throw new EntraOptionsError(
      'dataSource',
      `its type is "${options.type}"`,
      'Give one of type "postgres".',
    );
  const { extra, poolSize } = options as { extra?: { max?: unknown }; poolSize?: number };
  if (Number(extra?.max ?? poolSize) === 1)
    throw new EntraOptionsError(
      'dataSource',
      'its pool has one connection',
      'Give a "poolSize" of 2 or more.',
    );
}
