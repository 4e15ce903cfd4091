import { EntraOptionsError } from '../common/entra-auth.error.js';

/** Values that the program needs and was not given, each with where it is looked for. */
export function missingValues(names: readonly string[]): EntraOptionsError {
  const list = names.join(', ');
  return new EntraOptionsError(
    list,
    'not set',
    'Set them in the environment; a secret never goes onto the command line, where every process can read it.',
  );
}
