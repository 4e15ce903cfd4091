import { EntraOptionsError } from '../errors/options.error.js';

/** Names a value in an error without showing it: it might be a secret. */
export function kindOf(value: unknown): string {
  if (value === undefined) return 'it is missing';
  if (value === null) return 'it is null';
  if (Array.isArray(value)) return value.length === 0 ? 'it is an empty array' : 'it is an array';
  if (typeof value === 'number' || typeof value === 'boolean') return `it is ${String(value)}`;
  if (value === '') return 'it is an empty string';
  if (typeof value === 'string' && value.trim() === '') return 'it is nothing but white space';
  return typeof value === 'object' ? 'it is an object' : `it is a ${typeof value}`;
}

/** Whether a value is an object that is no array. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Shows a value that one of a few words was expected for, and that is therefore no secret. */
export function shownChoice(value: unknown): string {
  return typeof value === 'string' ? `it is "${value.slice(0, 40)}"` : kindOf(value);
}

/** Refuses anything but a plain object, and any key that is not among the known ones. */
export function checkObject(path: string, value: unknown, known: readonly string[], fix: string): void {
  if (!isObject(value)) throw new EntraOptionsError(path, kindOf(value), fix);
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    const option = path === 'options' ? key : `${path}.${key}`;
    throw new EntraOptionsError(
      option,
      'there is no such option',
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

interface NumberRange {
  min: number;
  max: number;
  unit: string;
}

/** @throws {EntraOptionsError} for what is no number within the range */
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

/** @throws {EntraOptionsError} for what is neither true nor false */
export function booleanOption(path: string, value: unknown, fallback: boolean): boolean {
  if (value === undefined) return fallback;
  if (typeof value === 'boolean') return value;
  throw new EntraOptionsError(path, kindOf(value), `Give true or false, or leave it out for ${fallback}.`);
}

/** @throws {EntraOptionsError} for what is none of the choices */
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
