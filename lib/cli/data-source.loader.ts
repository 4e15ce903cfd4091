import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import type { DataSource } from 'typeorm';

import { EntraOptionsError } from '../common/entra-auth.error.js';
import { asError } from '../common/thrown.js';

/**
 * Loads a module as TypeORM's own command line does, and connects the data source that it exports.
 *
 * @param file path of a JavaScript module, ES or CommonJS
 * @throws {EntraOptionsError} when the module cannot be loaded or exports no data source
 */
export async function loadDataSource(file: string): Promise<DataSource> {
  const dataSource = await findDataSource(file);
  return dataSource.isInitialized ? dataSource : dataSource.initialize();
}

/**
 * Loads a module, and finds the data source that it exports.
 *
 * @throws {EntraOptionsError} when the module cannot be loaded or exports no data source
 */
export async function findDataSource(file: string): Promise<DataSource> {
  const found = await dataSourcesOf(await importModule(file));
  const [dataSource] = found;
  if (dataSource === undefined || found.length > 1) {
    // Connected by the module itself, they would keep the process alive.
    await Promise.all(found.filter(({ isInitialized }) => isInitialized).map((one) => one.destroy()));
    throw new EntraOptionsError(
      '--data-source',
      `"${file}" exports ${found.length === 0 ? 'no DataSource' : 'several of them'}`,
      'Export exactly one: `export default await createEntraDataSource({ … })`.',
    );
  }
  return dataSource;
}

async function importModule(file: string): Promise<unknown> {
  try {
    return await import(pathToFileURL(resolve(file)).href);
  } catch (error) {
    const fix = 'Give the path of a compiled module (.js, .mjs or .cjs).';
    throw new EntraOptionsError(
      '--data-source',
      `"${file}" could not be loaded: ${asError(error).message}`,
      fix,
    );
  }
}

/** Finds data sources among the exports, which CommonJS also has within the default one. An export may be a promise. */
async function dataSourcesOf(module: unknown): Promise<DataSource[]> {
  const values = await Promise.all(exportsOf(module));
  const nested = await Promise.all(values.flatMap(exportsOf));
  return [...new Set([...values, ...nested].filter(isDataSource))];
}

function exportsOf(value: unknown): unknown[] {
  return typeof value === 'object' && value !== null && !isDataSource(value) ? Object.values(value) : [];
}

/** By shape: the user's copy of TypeORM need not be the one that this package finds. */
function isDataSource(value: unknown): value is DataSource {
  return (
    typeof value === 'object' &&
    value !== null &&
    'initialize' in value &&
    'createQueryRunner' in value &&
    'isInitialized' in value
  );
}
