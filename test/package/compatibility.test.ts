import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from '@jest/globals';

import { compatibilityPage } from '../matrix/page.js';
import { rows } from '../matrix/rows.js';
import { repositoryRoot } from '../support/build.js';

describe('docs/compatibility.md', () => {
  const page = readFileSync(join(repositoryRoot, 'docs/compatibility.md'), 'utf8');
  const cells = page
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
    .map((line) => line.split('|').map((cell) => cell.trim()));

  it('has the rows of the matrix, and none that fails', () => {
    expect(cells.map(([, name]) => name)).toEqual(rows.map(({ name }) => name));
    expect(page).not.toContain('**fails**');
  });

  it('was run with every version of Node.js, but for what is not for the first', () => {
    for (const [, name, on20, ...later] of cells) {
      const { since = 20, way } = rows.find((row) => row.name === name) ?? {};
      const first = since > 20 ? 'not run' : 'works';
      if (way === 'types') expect([name, on20]).toEqual([name, first]);
      else expect([name, on20, ...later.slice(0, 3)]).toEqual([name, first, 'works', 'works', 'works']);
    }
  });

  it('tells what was not run, and why', () => {
    const name = '@azure/identity 4.14.1';
    const made = compatibilityPage(
      [
        { row: name, node: '20.1.0', outcome: 'not run', detail: 'is for Node.js 22 and later' },
        { row: name, node: '22.1.0', outcome: 'works', detail: '`x` 1' },
      ],
      '1.0.0',
    );
    expect(made).toContain(
      `| ${name} | not run | works | not run | not run | \`x\` 1; is for Node.js 22 and later |`,
    );
    expect(made).toContain('Node 24 and 26 were not at hand');
  });
});
