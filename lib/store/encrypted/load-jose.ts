import { optionalPackage } from '../../common/optional-package.js';

type Jose = typeof import('jose');

/**
 * @param load for tests
 * @throws {EntraOptionsError} when `jose` is not installed
 */
export function loadJose(load: () => Promise<Jose> = () => import('jose')): Promise<Jose> {
  const advice = ' Under jest, run Node.js with --experimental-vm-modules: the package is an ES module.';
  return optionalPackage({ name: 'jose', option: 'keys', load, advice });
}
