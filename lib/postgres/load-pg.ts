import type pg from 'pg';

import { optionalPackage } from '../common/optional-package.js';

/** @throws {EntraOptionsError} when `pg` is not installed */
export function loadPg(): Promise<typeof pg> {
  return optionalPackage({
    name: 'pg',
    option: 'dataSource',
    load: async () => (await import('pg')).default,
  });
}
