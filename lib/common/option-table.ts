import {
  booleanOption,
  checkObject,
  choiceOption,
  numberOption,
  optionPath,
  type NumberRange,
} from './option-checks.js';

/**
 * Checks the value of one option and fills in its default.
 *
 * @throws {EntraOptionsError} for a value that the option does not take
 */
export type OptionCheck<T = unknown> = (path: string, value: unknown) => T;

/** One check for each option. With `satisfies`, an option that is declared and not checked does not compile. */
export type OptionTable<Options> = Readonly<Record<keyof Options, OptionCheck>>;

type Table = Readonly<Record<string, OptionCheck>>;
type Checked<T extends Table> = { [Name in keyof T]: ReturnType<T[Name]> };

/**
 * Checks an object of options, and refuses names that the table does not have.
 *
 * @throws {EntraOptionsError} for the first option that is wrong or unknown
 */
export function checkOptions<T extends Table>(
  path: string,
  options: unknown,
  table: T,
  fix: string,
): Checked<T> {
  checkObject(path, options, Object.keys(table), fix);
  return readOptions(path, options, table);
}

/** Checks the options of the table, and ignores all others. */
export function readOptions<T extends Table>(path: string, options: object, table: T): Checked<T> {
  const checked = Object.entries(table).map(([name, check]): [string, unknown] => [
    name,
    check(optionPath(path, name), Reflect.get(options, name)),
  ]);
  return Object.fromEntries(checked) as Checked<T>;
}

export const numberCheck =
  (fallback: number, range: NumberRange): OptionCheck<number> =>
  (path, value) =>
    numberOption(path, value, fallback, range);

export const booleanCheck =
  (fallback: boolean): OptionCheck<boolean> =>
  (path, value) =>
    booleanOption(path, value, fallback);

export const choiceCheck =
  <T extends string>(fallback: T, choices: readonly T[]): OptionCheck<T> =>
  (path, value) =>
    choiceOption(path, value, fallback, choices);

/** The names of a union, such as the options of an interface: one that is missing or misspelt does not compile. */
export function namesOf<Name extends PropertyKey>(names: Readonly<Record<Name, true>>): readonly string[] {
  return Object.keys(names);
}
