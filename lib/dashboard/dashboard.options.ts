import type { CanActivate, ModuleMetadata, Type } from '@nestjs/common';

import { EntraOptionsError } from '../common/entra-auth.error.js';
import { kindOf } from '../common/option-checks.js';
import { checkOptions, numberCheck, type OptionCheck, type OptionTable } from '../common/option-table.js';
import { textOption } from '../common/text-checks.js';
import type { DashboardExtension } from './dashboard-extension.js';
import { LocalHostGuard } from './local-host.guard.js';

/** Where the page is, and who may see it. */
export interface EntraDashboardOptions {
  /**
   * Path of the page, below the global prefix of the application.
   *
   * @default '/entra'
   */
  path?: string;
  /**
   * Decides who may see the page and press its buttons: a guard of Nest, as a class that is made with injected
   * dependencies, or as an object. Needed when `NODE_ENV` is `production`.
   *
   * @default lets requests in that are addressed to `localhost`, `127.0.0.1` or `[::1]`
   * @see https://docs.nestjs.com/guards
   */
  guard?: Type<CanActivate> | CanActivate;
  /** Modules that export what the guard injects; not needed for what is global. */
  imports?: ModuleMetadata['imports'];
  /**
   * Heading of the page, such as the name of the application.
   *
   * @default 'Entra tokens'
   */
  title?: string;
  /**
   * How many pages may be open at a time, from 1 to 1000. Another one is told to try later.
   *
   * @default 20
   */
  maxWatchers?: number;
  /** Figures and buttons of the application: the class of a provider of any of its modules. */
  extension?: Type<DashboardExtension>;
}

/** The options after defaults and checks. */
export interface ResolvedDashboardOptions {
  path: string;
  guard: Type<CanActivate> | CanActivate;
  imports: NonNullable<ModuleMetadata['imports']>;
  title: string;
  maxWatchers: number;
  extension: Type<DashboardExtension> | undefined;
}

const guardIsNeeded =
  'Write EntraDashboardModule.forRoot({ guard: AdminGuard }) with a guard of yours that lets operators in, or leave ' +
  'the dashboard out of production.';
const plainPath = /^\/(?:[\w~.-]+(?:\/[\w~.-]+)*)?$/;

const guardCheck: OptionCheck<Type<CanActivate> | CanActivate | undefined> = (path, value) => {
  const isGuard =
    typeof value === 'function' || typeof Reflect.get(Object(value) as object, 'canActivate') === 'function';
  if (value === undefined || isGuard) return value as Type<CanActivate> | CanActivate | undefined;
  throw new EntraOptionsError(path, kindOf(value), 'Give a class or an object with canActivate().');
};

const optionTable = {
  path: (path, value = '/entra'): string => {
    const fix = 'Give a path such as "/entra", or leave it out.';
    const text = textOption(path, value, fix);
    if (!plainPath.test(text)) throw new EntraOptionsError(path, 'not a path of plain segments', fix);
    return text;
  },
  guard: guardCheck,
  imports: (path, value = []): NonNullable<ModuleMetadata['imports']> => {
    if (Array.isArray(value)) return value as NonNullable<ModuleMetadata['imports']>;
    throw new EntraOptionsError(path, kindOf(value), 'Give an array of modules, or leave it out.');
  },
  title: (path, value = 'Entra tokens'): string =>
    textOption(path, value, 'Give the name of the application, or leave it out.'),
  maxWatchers: numberCheck(20, { min: 1, max: 1_000, unit: 'a number' }),
  extension: (path, value): Type<DashboardExtension> | undefined => {
    if (value === undefined || typeof value === 'function')
      return value as Type<DashboardExtension> | undefined;
    throw new EntraOptionsError(path, kindOf(value), 'Give the class of a provider, or leave it out.');
  },
} satisfies OptionTable<EntraDashboardOptions>;

/** @throws {EntraOptionsError} for the first option that is wrong, and without a guard in production */
export function resolveDashboardOptions(
  options: EntraDashboardOptions,
  environment: string | undefined,
): ResolvedDashboardOptions {
  const checked = checkOptions('options', options, optionTable, "Give an object such as { path: '/entra' }.");
  if (checked.guard === undefined && environment === 'production') {
    throw new EntraOptionsError('guard', 'missing, and NODE_ENV is "production"', guardIsNeeded);
  }
  return { ...checked, guard: checked.guard ?? new LocalHostGuard() };
}
