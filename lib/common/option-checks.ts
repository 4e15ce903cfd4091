import { systemClock, type Clock } from './clock.js';
import { EntraOptionsError } from './entra-auth.error.js';

/** Names a value in an error without showing it: it might be a secret. */
export function kindOf(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty array' : 'an array';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (value === '') return 'an empty string';
  if (typeof value === 'string' && value.trim() === '') return 'nothing but white space';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** Whether a value is an object and not an array. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const longestWord = 20;
const longestKey = 39;

/** Shows what was given instead of one of a few words. A longer text may be a secret that was pasted here. */
export function shownChoice(value: unknown): string {
  if (typeof value !== 'string' || value.trim() === '') return kindOf(value);
  return value.length <= longestWord ? `"${value}"` : `a text of ${value.length} characters`;
}

/** The key of an option that is not known, which may be a secret that stands in the wrong place. */
function shownKey(key: string): string {
  return key.length <= longestKey ? key : `${key.slice(0, 4)}…`;
}

/** The path of an option within others. Those of a module or a class are named without `options`. */
export function optionPath(path: string, name: string): string {
  return path === 'options' ? name : `${path}.${name}`;
}

/** @throws {EntraOptionsError} for anything but a plain object, and for the first unknown key */
export function checkObject(
  path: string,
  value: unknown,
  known: readonly string[],
  fix: string,
): asserts value is Record<string, unknown> {
  if (!isObject(value)) throw new EntraOptionsError(path, kindOf(value), fix);
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    throw new EntraOptionsError(
      optionPath(path, shownKey(key)),
      'no such option',
      `${suggest(key, known)}Known here: ${known.join(', ')}.`,
    );
  }
}

function suggest(key: string, known: readonly string[]): string {
  const plain = (text: string): string => text.toLowerCase().replace(/[^a-z]/g, '');
  const wanted = plain(key);
  const close = known.find((name) => plain(name).startsWith(wanted) || wanted.startsWith(plain(name)));
  return close === undefined ? '' : `Did you mean "${close}"? `;
}

export interface NumberRange {
  min: number;
  max: number;
  unit: string;
}

/** @throws {EntraOptionsError} for anything but a number within the range */
export function numberOption(path: string, value: unknown, fallback: number, range: NumberRange): number {
  if (value === undefined) return fallback;
  const { min, max, unit } = range;
  if (typeof value === 'number' && value >= min && value <= max) return value;
  throw new EntraOptionsError(
    path,
    kindOf(value),
    `Give ${unit} from ${min} to ${max}, or leave it out for ${fallback}.`,
  );
}

/** @throws {EntraOptionsError} for anything but true and false */
export function booleanOption(path: string, value: unknown, fallback: boolean): boolean {
  if (value === undefined) return fallback;
  if (typeof value === 'boolean') return value;
  throw new EntraOptionsError(path, kindOf(value), `Give true or false, or leave it out for ${fallback}.`);
}

/** @throws {EntraOptionsError} for anything but the choices */
export function choiceOption<T extends string>(
  path: string,
  value: unknown,
  fallback: T,
  choices: readonly T[],
): T {
  if (value === undefined) return fallback;
  const choice = choices.find((candidate) => candidate === value);
  if (choice !== undefined) return choice;
  throw new EntraOptionsError(
    path,
    shownChoice(value),
    `Give one of ${choices.map((c) => `"${c}"`).join(', ')}.`,
  );
}

const clockMethods = ['now', 'random', 'setTimeout', 'clearTimeout'];

/** The option `clock`, or the machine's when it is left out. Without all of its clockMethods it would fail in a timer. */
export function clockOption(clock: unknown): Clock {
  if (clock === undefined) return systemClock;
  const isObject = typeof clock === 'object' && clock !== null;
  const missing = isObject
    ? clockMethods.filter((name) => typeof Reflect.get(clock, name) !== 'function')
    : [];
  if (isObject && missing.length === 0) return clock as Clock;
  const given = isObject ? `has no ${missing.map((name) => `${name}()`).join(', ')}` : kindOf(clock);
  const fix = 'Give a Clock, such as a ManualClock of "nestjs-entra-auth/testing", or leave it out.';
  throw new EntraOptionsError('clock', given, fix);
}
