import { describe, expect, it } from '@jest/globals';

import { fitsRoleName } from '../../../lib/postgres/resolve-endpoint.js';

describe('fitsRoleName', () => {
  it.each([
    ['63 bytes', 'x'.repeat(63), true],
    ['64 bytes', 'x'.repeat(64), false],
    ['63 characters that are more bytes', 'ä'.repeat(32), false],
    ['nothing', '', false],
    ['a NUL character', 'a\0b', false],
  ])('%s', (_, name, fits) => {
    expect(fitsRoleName(name)).toBe(fits);
  });
});
