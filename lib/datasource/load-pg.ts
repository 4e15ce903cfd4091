import type pg from 'pg';

import { EntraOptionsError } from '../errors/options.error.js';

/**
 * Loads `pg`, an optional peer that only data sources need.
 *
 * @throws {EntraOptionsError} when it is not installed
 */
export async function loadPg(): Promise<typeof pg> {
  try {
    return (await import('pg')).default;
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new EntraOptionsError(
      'dataSource',
      `"pg" could not be loaded (${reason})`,
      'Run `npm install pg`.',
    );
  }
}
