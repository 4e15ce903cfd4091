import { readFileSync } from 'node:fs';

import { describe, expect, it } from '@jest/globals';

import { aadstsTable } from '../../lib/entra/aadsts.js';
import { errorReference } from '../../lib/reference/error-reference.js';
import { errorsPage } from '../../scripts/errors-page.mjs';

/** Tables as `prettier` leaves them have padding that says nothing. */
const plain = (markdown: string): string[] =>
  markdown
    .replaceAll(/ *\| */g, '|')
    .replaceAll(/-{3,}/g, '---')
    .split('\n');

describe('docs/errors.md', () => {
  it('is the error reference: `npm run docs:errors` writes it', () => {
    expect(plain(readFileSync('docs/errors.md', 'utf8'))).toEqual(plain(errorsPage(errorReference)));
  });

  it('has a row for each code that the source of the errors names', () => {
    const source = readFileSync('lib/common/entra-auth.error.ts', 'utf8');
    const codes = [...source.matchAll(/\| '(ENTRA_\w+)'/g)].map(([, code]) => code);
    const rows = errorReference.filter(({ family }) => family === 'package').map(({ code }) => code);
    expect(rows.sort()).toEqual(codes.sort());
    expect(codes.length).toBeGreaterThan(15);
  });

  it('has a cause and a remedy in each row, as sentences', () => {
    for (const { code, cause, remedy } of errorReference) {
      expect([code, cause]).toEqual([code, expect.stringMatching(/^[A-Z].*\.$/)]);
      expect([code, remedy]).toEqual([code, expect.stringMatching(/^[A-Z].*[.…]$/)]);
    }
    expect(errorReference.length).toBeGreaterThan(aadstsTable.size + 25);
  });
});
