import { EntraOptionsError } from '../common/entra-auth.error.js';
import { isObject, kindOf } from '../common/option-checks.js';

const defaultName = 'default';

/**
 * Resolves the option `dataSource`, which is one set of options or several by name.
 *
 * @param resolve checks one set of options, whose place in the options is `path`
 */
export function resolveNamed<D>(
  option: unknown,
  resolve: (name: string, path: string, given: object) => D,
): ReadonlyMap<string, D> {
  if (option === undefined) return new Map();
  if (!isObject(option))
    throw new EntraOptionsError('dataSource', kindOf(option), 'Give the options as an object.');
  if (!Object.values(option).every(isObject))
    return new Map([[defaultName, resolve(defaultName, 'dataSource', option)]]);
  const entries = Object.entries(option);
  if (entries.length === 0) {
    const fix = 'Give { type: "postgres", host, username, database }.';
    throw new EntraOptionsError('dataSource', 'empty', fix);
  }
  return new Map(entries.map(([name, one]) => [name, resolve(name, `dataSource.${name}`, one as object)]));
}
