import { isObject } from './option-checks.js';

/** The longest body of a response that is read, in bytes. */
export const longestBodyInBytes = 1024 * 1024;

/** How deep arrays and objects may be nested. The parser of V8 takes half a second for a megabyte of brackets. */
export const deepestJson = 64;

/** How many values a text may hold. A megabyte of empty objects takes thirty times as much memory. */
export const mostJsonValues = 10_000;

/**
 * The object that a text holds as JSON.
 *
 * @returns `undefined` when it holds none, or one beyond the limits of {@link isBoundedJson}. The error of the parser is
 * not passed on: it quotes what it could not read.
 */
export function parseJsonObject(text: string): Record<string, unknown> | undefined {
  if (!isBoundedJson(text)) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a text can be given to a JSON parser: at most 64 levels and 10,000 values. Does not check that it is JSON. */
export function isBoundedJson(text: string): boolean {
  // The usual text is neither so long nor has so many brackets, whatever they are part of.
  if (text.length <= mostJsonValues && hasAtMost(deepestJson, text)) return true;
  const mark = /["[{,\]}]/g;
  let depth = 0;
  let values = 0;
  for (let found = mark.exec(text); found !== null; found = mark.exec(text)) {
    const [character] = found;
    if (character === ']' || character === '}') {
      depth--;
      continue;
    }
    if (character === '"') mark.lastIndex = endOfText(text, mark.lastIndex) + 1;
    else if (character !== ',') depth++;
    values++;
    if (depth > deepestJson || values > mostJsonValues) return false;
  }
  return true;
}

/** Whether a text has at most so many opening brackets. */
function hasAtMost(most: number, text: string): boolean {
  let count = 0;
  for (const bracket of ['[', '{']) {
    for (let at = text.indexOf(bracket); at !== -1; at = text.indexOf(bracket, at + 1)) {
      if (++count > most) return false;
    }
  }
  return true;
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
