import { types } from 'node:util';

/** Whether a value is an error, also one from another realm: of a test runner's sandbox, or a worker's. */
export function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value);
}

/** A thrown value as an `Error`. */
export function asError(thrown: unknown): Error {
  return isError(thrown)
    ? thrown
    : new Error(typeof thrown === 'string' ? thrown : 'A value that is not an Error was thrown.');
}

/**
 * Makes an error one that can be kept for a while. Reads its stack and those of its causes: until then V8 keeps alive the
 * objects whose methods ran, and with them the tokens that they hold.
 */
export function withoutFrames<E extends Error>(error: E): E {
  let one: unknown = error;
  for (let depth = 0; depth <= deepestCause && isError(one); depth++) {
    Reflect.get(one, 'stack');
    one = one.cause;
  }
  return error;
}

// Entra ends its refusals with 131 characters of ids and time.
const longestPart = 600;
const longestText = 2_000;
const deepestCause = 4;
const mostParts = 40;

/**
 * What an error and its causes report, on one line. Of a text of several parts each is shortened, and what does not fit is
 * left out before the last parts: the last link of a chain is often the one that could have worked.
 */
export function errorText(error: unknown): string {
  const parts: string[] = [];
  collect(error, parts, 0);
  const shown = parts.map((part) => shortened(part, longestPart));
  const last: string[] = [];
  let left = longestText - (shown[0]?.length ?? 0);
  for (const part of shown.slice(1).reverse()) {
    left -= part.length + 1;
    if (left < 0) {
      last.unshift('…');
      break;
    }
    last.unshift(part);
  }
  const text = [...shown.slice(0, 1), ...last].join(' ');
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}

function collect(error: unknown, parts: string[], depth: number): void {
  if (typeof error === 'string') return add(error, parts);
  if (!isError(error)) return add('the credential threw a value that is not an Error', parts);
  add(String(error.message === '' ? error.name : error.message), parts);
  if (depth >= deepestCause) return;
  const inner: unknown = Reflect.get(error, 'errors');
  for (const one of Array.isArray(inner) ? (inner as unknown[]) : []) collect(one, parts, depth + 1);
  if (error.cause !== undefined) collect(error.cause, parts, depth + 1);
}

/** Adds the lines of a message, but for those that an error further out repeats from its cause. */
function add(message: string, parts: string[]): void {
  for (const line of message.split('\n')) {
    const part = line.replace(/\s+/g, ' ').trim();
    const repeated = parts.some((known) => known === part || (part.length > 20 && known.includes(part)));
    if (part !== '' && parts.length < mostParts && !repeated) parts.push(part);
  }
}

/** A text whose middle is left out, between words, when it is longer: its end often tells what to look for. */
export function shortened(text: string, longest: number): string {
  if (text.length <= longest) return text;
  const atEnd = Math.floor(longest / 3);
  const beginning = text.slice(0, longest - atEnd).replace(/(\s)\S{0,40}$/, '$1');
  const end = text.slice(-atEnd).replace(/^\S{0,40}(?=\s)/, '');
  return `${beginning.trimEnd()} … ${end.trimStart()}`;
}
