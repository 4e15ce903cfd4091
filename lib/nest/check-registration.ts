import { EntraOptionsError } from '../common/entra-auth.error.js';
import { booleanOption, kindOf } from '../common/option-checks.js';

/** What to do when the module was imported as a mere class. */
export const forRootIsNeeded =
  'Import EntraAuthModule.forRoot({ … }) or forRootAsync({ … }), once: what it provides can be injected everywhere.';

const ways = ['useFactory', 'useClass', 'useExisting'];

/**
 * Checks what Nest's module builder takes apart before any option of its own is looked at.
 *
 * @throws {EntraOptionsError} when there are no options, or `isGlobal` is not a boolean
 */
export function checkRegistration(options: unknown): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new EntraOptionsError('options', kindOf(options), 'Give the options of the module as an object.');
  }
  booleanOption('isGlobal', Reflect.get(options, 'isGlobal'), true);
}

/** @throws {EntraOptionsError} without `useFactory`, `useClass` and `useExisting` */
export function checkAsyncRegistration(options: unknown): void {
  checkRegistration(options);
  const value = (way: string): unknown => Reflect.get(options as object, way);
  if (ways.every((way) => value(way) === undefined)) {
    const meant = ways.find((way) => way in (options as object)) ?? 'useFactory';
    const fix =
      'Give "useFactory", "useClass" or "useExisting". A class that is imported and yet missing is, as a rule, in a ' +
      'file that imports this one.';
    throw new EntraOptionsError(meant, kindOf(undefined), fix);
  }
  const factory = value('useFactory');
  if (factory !== undefined && typeof factory !== 'function') {
    throw new EntraOptionsError(
      'useFactory',
      kindOf(factory),
      'Give a function that returns the options, or pass the options to forRoot().',
    );
  }
}
