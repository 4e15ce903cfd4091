import { EntraOptionsError } from '../common/entra-auth.error.js';
import { kindOf } from '../common/option-checks.js';
import type { OptionTable } from '../common/option-table.js';
import type { ResolvedDatabase } from './resolved-database.js';
import { roleNameFromToken } from './role-name.js';

/** The options of data sources that TypeORM does not know. */
export interface OwnOptions {
  resource?: string;
  roleNameFromToken?: ResolvedDatabase['roleNameFromToken'];
  fallbackUsername?: string;
}

/** Makes the check of the option `resource`. */
export const resourceCheck =
  (defaultResource: string) =>
  (path: string, value: unknown = defaultResource): string => {
    if (typeof value === 'string' && value !== '') return value;
    throw new EntraOptionsError(path, kindOf(value), 'Give the name of a resource.');
  };

/**
 * Makes the checks of those of a database whose logins ask for a role.
 *
 * @param defaultResource the resource whose token is the password by default
 * @param fits whether the server takes a name of a role
 */
export const ownOptionChecks = (defaultResource: string, fits: (name: string) => boolean) =>
  ({
    resource: resourceCheck(defaultResource),
    roleNameFromToken: (path, value = roleNameFromToken): ResolvedDatabase['roleNameFromToken'] => {
      if (typeof value === 'function') return value as ResolvedDatabase['roleNameFromToken'];
      const fix = 'Give a function from the claims of a token to the name of a role, or leave it out.';
      throw new EntraOptionsError(path, kindOf(value), fix);
    },
    fallbackUsername: (path, value) => {
      if (value === undefined || (typeof value === 'string' && fits(value))) return value;
      throw new EntraOptionsError(path, kindOf(value), 'Give the name of a role.');
    },
  }) satisfies OptionTable<OwnOptions>;

export const defaultConnectTimeoutInMs = 15_000;

export const connectTimeoutRange = { min: 1, max: 600_000, unit: 'milliseconds' };

/** @throws {EntraOptionsError} unless it is the number of a port */
export function portOption(path: string, value: unknown, defaultPort: number): number {
  const port = value === undefined ? defaultPort : value;
  if (typeof port === 'number' && Number.isInteger(port) && port > 0 && port < 65_536) return port;
  const fix = `Give a whole number from 1 to 65535; the default is ${defaultPort}.`;
  throw new EntraOptionsError(path, kindOf(value), fix);
}
