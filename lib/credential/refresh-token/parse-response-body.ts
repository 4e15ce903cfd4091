import { parseJsonObject } from '../../token/json-object.js';

// A token response has about fifteen. Parsing a megabyte of brackets would take thirty times as much memory.
const mostValues = 10_000;

/**
 * Reads the body of a token endpoint as JSON.
 *
 * @returns `undefined` for anything but an object, and for one of more than 10,000 values
 */
export function parseResponseBody(body: string): Record<string, unknown> | undefined {
  return hasFewValues(body) ? parseJsonObject(body) : undefined;
}

/** Counts what begins a value, outside of texts. */
function hasFewValues(json: string): boolean {
  const mark = /["[{,]/g;
  for (let values = 0; values <= mostValues; values++) {
    const found = mark.exec(json);
    if (found === null) return true;
    if (found[0] === '"') mark.lastIndex = endOfText(json, mark.lastIndex) + 1;
  }
  return false;
}

/**
 * The position of the quotation mark that ends a JSON text.
 *
 * @param start where its content begins
 * @returns the length of `json` when it does not end
 */
export function endOfText(json: string, start: number): number {
  let at = start;
  while (at < json.length && json.charAt(at) !== '"') at += json.charAt(at) === '\\' ? 2 : 1;
  return Math.min(at, json.length);
}
