import { EntraOptionsError } from '../../../errors/options.error.js';

type Jose = typeof import('jose');

/**
 * Loads `jose`, an optional peer that only encrypted stores need.
 *
 * @param load for tests
 * @throws {EntraOptionsError} when it is not installed
 */
export async function loadJose(load: () => Promise<Jose> = () => import('jose')): Promise<Jose> {
  try {
    return await load();
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new EntraOptionsError(
      'keys',
      `"jose" could not be loaded (${reason})`,
      'Run `npm install jose@6`. Under jest, run Node.js with --experimental-vm-modules: the package is an ES module.',
    );
  }
}
