import { EntraOptionsError } from '../../common/entra-auth.error.js';
import { kindOf } from '../../common/option-checks.js';

/** In UTF-8. As the name of a file it becomes 205 characters. */
export const longestSignInKey = 128;

const fix = `Give a text of 1 to ${longestSignInKey} bytes, such as the object id of the user or the id of a session.`;
const alphabet = '0123456789abcdefghijklmnopqrstuv';

/**
 * Checks the key of a sign-in.
 *
 * @throws {EntraOptionsError} for an empty or long text, and for one that no store keeps: with a NUL or half a surrogate pair
 */
export function checkSignInKey(path: string, key: unknown): asserts key is string {
  if (typeof key !== 'string' || key.trim() === '') throw new EntraOptionsError(path, kindOf(key), fix);
  // The length first: to measure 64 MB takes a while.
  if (key.length > longestSignInKey || Buffer.byteLength(key) > longestSignInKey)
    throw new EntraOptionsError(path, `longer than ${longestSignInKey} bytes`, fix);
  if (key.includes('\0') || Buffer.from(key).toString() !== key)
    throw new EntraOptionsError(path, 'contains a character that cannot be stored', fix);
}

/** Compares as the lists of all stores are ordered: by bytes. */
export function compareKeys(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}

/**
 * Encodes a key as the name of a file, the same on file systems that ignore case. Keeps the order of the bytes.
 *
 * @see https://www.rfc-editor.org/rfc/rfc4648#section-7
 */
export function encodeKey(key: string): string {
  let text = '';
  let bits = 0;
  let value = 0;
  for (const byte of Buffer.from(key)) {
    value = ((value << 8) | byte) & 0xfff;
    bits += 8;
    for (; bits >= 5; bits -= 5) text += alphabet[(value >> (bits - 5)) & 31] ?? '';
  }
  return bits === 0 ? text : text + (alphabet[(value << (5 - bits)) & 31] ?? '');
}

/** @returns `undefined` for a name that `encodeKey` does not give */
export function decodeKey(name: string): string | undefined {
  const bytes: number[] = [];
  let bits = 0;
  let value = 0;
  for (const character of name) {
    const digit = alphabet.indexOf(character);
    if (digit === -1) return undefined;
    value = ((value << 5) | digit) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((value >> bits) & 255);
  }
  const key = Buffer.from(bytes).toString();
  return encodeKey(key) === name ? key : undefined;
}
