import { EntraOptionsError } from '../common/entra-auth.error.js';
import { kindOf } from '../common/option-checks.js';
import type { EntraCloud } from './clouds.js';
import { wellKnownResourceNames, wellKnownScope } from './well-known-resources.js';

/**
 * Checks the scopes of a resource. Those of a well-known one may be left out.
 *
 * @throws {EntraOptionsError} for anything but a scope or an array of scopes
 */
export function scopesOption(
  path: string,
  scopes: unknown,
  name: string,
  cloud: EntraCloud,
): readonly string[] {
  if (scopes === undefined) {
    const scope = wellKnownScope(name, cloud);
    if (scope !== undefined) return [scope];
    const fix = `Give scopes such as "https://graph.microsoft.com/.default", or use a name that is known: ${wellKnownResourceNames.join(', ')}.`;
    throw new EntraOptionsError(path, 'missing', fix);
  }
  const list: readonly unknown[] =
    typeof scopes === 'string' ? [scopes] : Array.isArray(scopes) ? scopes : [];
  if (list.length === 0) {
    throw new EntraOptionsError(path, kindOf(scopes), 'Give one scope or an array of scopes.');
  }
  const wrong = list.findIndex((scope) => typeof scope !== 'string' || !/^[^\s]+$/.test(scope));
  if (wrong >= 0) {
    const given =
      typeof list[wrong] === 'string'
        ? 'a scope is empty or contains white space'
        : 'a scope is not a string';
    throw new EntraOptionsError(path, given, 'Give each scope as a string of its own, without white space.');
  }
  return list as readonly string[];
}
