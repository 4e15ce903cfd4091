import { describe, expect, it } from '@jest/globals';
import { EntraOptionsError } from 'nestjs-entra-auth';

import {
  checkSignInKey,
  compareKeys,
  decodeKey,
  encodeKey,
} from '../../../lib/store/sign-ins/sign-in-key.js';

const keys = [
  'a',
  'A',
  'ab',
  'aaaabbbb-0000-cccc-1111-dddd2222eeee',
  '../../etc/passwd',
  'nora@contoso.example',
  'Zoë 🗝',
  'x'.repeat(128),
  '\u{10ffff}'.repeat(32),
];

describe('the key of a sign-in', () => {
  it('becomes the name of a file, and is read back from it', () => {
    for (const key of keys) {
      const name = encodeKey(key);
      expect(name).toMatch(/^[0-9a-v]{1,205}$/);
      expect(decodeKey(name)).toBe(key);
    }
    expect(new Set(keys.map(encodeKey)).size).toBe(keys.length);
  });

  it('keeps its place in the order of all keys', () => {
    const byBytes = [...keys].sort(compareKeys);
    const byName = [...keys].sort((one, other) => (encodeKey(one) < encodeKey(other) ? -1 : 1));
    expect(byName).toEqual(byBytes);
  });

  it.each(['', 'b', 'zz', 'A0', '0', 'c4======', '../x', '1'])('is not read from the name "%s"', (name) => {
    const key = decodeKey(name);
    if (key !== undefined) expect(encodeKey(key)).toBe(name);
  });

  it.each([
    ['nothing', undefined, /missing/],
    ['an empty text', '', /an empty string/],
    ['white space', '  ', /nothing but white space/],
    ['an object', {}, /an object/],
    ['64 kB', 'k'.repeat(65_536), /longer than 128 bytes/],
    ['129 bytes in 43 characters', '€'.repeat(43), /longer than 128 bytes/],
    ['a NUL', 'a\0b', /contains a character/],
    ['half a surrogate pair', 'a\ud800', /contains a character/],
  ])('cannot be %s', (_, key, problem) => {
    const check = (): void => checkSignInKey('userKey', key);
    expect(check).toThrow(EntraOptionsError);
    expect(check).toThrow(problem);
    expect(check).toThrow(/Give a text of 1 to 128 bytes/);
  });
});
