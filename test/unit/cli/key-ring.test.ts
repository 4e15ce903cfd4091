import { describe, expect, it } from '@jest/globals';

import { readKeyRing } from '../../../lib/cli/key-ring.js';
import { EntraOptionsError } from '../../../lib/errors/options.error.js';

describe('readKeyRing', () => {
  it.each([undefined, '', '  '])('finds no keys in %j', (text) => {
    expect(readKeyRing(text)).toBeUndefined();
  });

  it('lets the first key encrypt', () => {
    expect(readKeyRing('2026=abc,2025=def')).toEqual({ current: '2026', keys: { 2026: 'abc', 2025: 'def' } });
  });

  it('takes base64 as openssl writes it', () => {
    expect(readKeyRing(' new = a+b/c== ')).toEqual({ current: 'new', keys: { new: 'a-b_c' } });
  });

  it.each([
    ['no id', '=secret-text', 1],
    ['no key', 'a=secret-text,secret-more', 2],
    ['an id twice', 'a=secret-text,a=secret-more', 2],
  ])('refuses %s, and shows nothing of a key', (_, text, entry) => {
    const read = () => readKeyRing(text);

    expect(read).toThrow(EntraOptionsError);
    expect(read).toThrow(`entry ${entry}`);
    expect(read).not.toThrow(/secret/);
  });
});
