import { EntraOptionsError } from '../common/entra-auth.error.js';
import { isObject, kindOf } from '../common/option-checks.js';

/** Options that would go around the checks of a data source, with what to write instead. */
export type RefusedOptions = Readonly<Record<string, string>>;

/** @throws {EntraOptionsError} for the first of the options that is given */
export function checkRefused(path: string, options: object, refused: RefusedOptions): void {
  for (const [key, fix] of Object.entries(refused)) {
    if (Reflect.get(options, key) !== undefined) throw new EntraOptionsError(`${path}.${key}`, 'given', fix);
  }
}

/**
 * Checks `extra`, which reaches the driver behind TypeORM's back and wins over what was checked.
 *
 * @param refused the names that may not be in there
 * @throws {EntraOptionsError} unless it is an object without any of them, or left out
 */
export function checkExtra(path: string, extra: unknown, refused: readonly string[]): void {
  if (extra === undefined) return;
  if (!isObject(extra)) throw new EntraOptionsError(path, kindOf(extra), 'Give an object of pool options.');
  const key = refused.find((name) => name in extra);
  if (key === undefined) return;
  const fix = 'Use the data source options.';
  throw new EntraOptionsError(`${path}.${key}`, 'would override what was checked', fix);
}
