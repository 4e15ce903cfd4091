import { describe, expect, it } from '@jest/globals';

import { readKeyRing } from '../../../lib/cli/key-ring.js';
import { EntraOptionsError } from '../../../lib/common/entra-auth.error.js';

describe('readKeyRing', () => {
  it.each([undefined, '', '  '])('finds no keys in %j', (text) => {
    expect(readKeyRing(text)).toBeUndefined();
  });

  it('lets the first key encrypt', () => {
    const [a, b] = ['a'.repeat(43), 'b'.repeat(43)];
    expect(readKeyRing(`2026=${a},2025=${b}`)).toEqual({ current: '2026', keys: { 2026: a, 2025: b } });
  });

  it('takes base64 as openssl writes it', () => {
    const key = 'x'.repeat(38);
    expect(readKeyRing(` new = ${key}a+b/c= `)).toEqual({ current: 'new', keys: { new: `${key}a-b_c` } });
  });

  it.each([
    ['no id', '=secret-text', 1],
    ['no key', `a=${'k'.repeat(43)},secret-more`, 2],
    ['a key that is too short', 'a=secret-text', 1],
    ['an id twice', `a=${'k'.repeat(43)},a=${'secret'.repeat(7)}x`, 2],
  ])('refuses %s, and shows nothing of a key', (_, text, entry) => {
    const read = () => readKeyRing(text);

    expect(read).toThrow(EntraOptionsError);
    expect(read).toThrow(`entry ${entry}`);
    expect(read).not.toThrow(/secret/);
  });
});
