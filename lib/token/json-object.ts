import { isObject } from '../options/option-checks.js';

/**
 * The object that a text holds as JSON; `undefined` when it holds none. The error of the parser is not passed on: it
 * quotes what it could not read.
 */
export function parseJsonObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
