import { EntraOptionsError } from '../../common/entra-auth.error.js';
import { isObject, kindOf } from '../../common/option-checks.js';
import { checkOptions, numberCheck, type OptionTable } from '../../common/option-table.js';
import type { SignInStore } from '../../store/sign-ins/sign-in-store.js';
import type { UserSignInOptions } from '../user-tokens.options.js';
import type { SignInSettings } from './sign-ins.js';

const methods = ['of', 'delete', 'list'];
const storeFix = `Give a store of sign-ins, such as a TypeOrmSignInStore: an object with ${methods.join(', ')}.`;

const signInsTable = {
  store: storeOption,
  storeTimeoutInMs: numberCheck(10_000, { min: 1, max: 600_000, unit: 'milliseconds' }),
} satisfies OptionTable<UserSignInOptions>;

/** @throws {EntraOptionsError} for the first option that is wrong or missing */
export function signInsOf(path: string, value: unknown): SignInSettings {
  return checkOptions(path, value, signInsTable, 'Give { store }.');
}

function storeOption(path: string, value: unknown): SignInStore {
  if (typeof value !== 'object' || value === null) throw new EntraOptionsError(path, kindOf(value), storeFix);
  if (methods.every((name) => typeof Reflect.get(value, name) === 'function')) return value as SignInStore;
  const isOfOne = isObject(value) && typeof value['exclusive'] === 'function';
  throw new EntraOptionsError(path, isOfOne ? 'a store for one user' : 'not a store of sign-ins', storeFix);
}
