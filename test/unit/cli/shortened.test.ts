import { createHash } from 'node:crypto';

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { shortened } from '../../../lib/cli/token-report.js';

describe('shortened', () => {
  it('shows the beginning, the length and a digest of a long secret', () => {
    const secret = `1.AXoA${'x'.repeat(1_000)}`;
    const digest = createHash('sha256').update(secret).digest('hex').slice(0, 8);

    expect(shortened(secret)).toBe(`1.AX… (1006 characters, sha256 ${digest}…)`);
  });

  it('shows nothing of a short one', () => {
    expect(shortened('hunter2')).toMatch(/^… \(7 characters, sha256 /);
  });

  it('never shows more than four characters of any secret', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 5, maxLength: 200 }), (secret) => {
        const [beginning = ''] = shortened(secret).split('… (');
        expect(beginning.length).toBeLessThanOrEqual(4);
        expect(secret.startsWith(beginning)).toBe(true);
      }),
    );
  });
});
