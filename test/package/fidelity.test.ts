import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { beforeAll, describe, expect, it } from '@jest/globals';

import { repositoryRoot } from '../support/build.js';

const read = (file: string): Promise<string> => readFile(join(repositoryRoot, file), 'utf8');

describe('docs/fidelity.md', () => {
  let rows: string[][];

  beforeAll(async () => {
    const lines = (await read('docs/fidelity.md')).split('\n').filter((line) => line.startsWith('|'));
    rows = lines
      .map((line) => line.split('|').map((cell) => cell.trim()))
      .map((cells) => cells.slice(1, -1))
      .filter(([first = '']) => first !== 'behaviour' && !/^-+$/.test(first));
  });

  it('has rows of five cells, none of them empty, and no behaviour twice', () => {
    expect(rows.length).toBeGreaterThan(45);
    for (const cells of rows) expect(cells.map((cell) => cell !== '')).toEqual(Array(5).fill(true));
    expect(new Set(rows.map(([behaviour]) => behaviour)).size).toBe(rows.length);
  });

  it('marks each behaviour, and tells how sure that is', () => {
    const marks = ['as Entra', 'kinder', 'stricter', 'invented'];
    for (const [behaviour, mark = '', , sure = ''] of rows) {
      expect({ behaviour, mark: marks.includes(mark), sure }).toEqual({
        ...{ behaviour, mark: true },
        sure: expect.stringMatching(/^(high|middle|low)$/),
      });
    }
  });

  it('names a test that exists', async () => {
    for (const [behaviour, , , , test = ''] of rows) {
      const [, file = '', name = ''] = /^`(test\/[\w./-]+\.test\.ts)`: (.+)$/.exec(test) ?? [];
      const text = (await read(file).catch(() => '')).replaceAll("\\'", "'");
      const names = [`'${name}'`, `\`${name}\``, `"${name}"`];
      expect({ behaviour, found: names.some((one) => text.includes(one)) }).toEqual({
        behaviour,
        found: true,
      });
    }
  });

  it('is linked from the pages on testing', async () => {
    const pages = await Promise.all(['README.md', 'docs/testing.md'].map(read));
    expect(pages.map((page) => page.includes('fidelity.md'))).toEqual([true, true]);
  });
});
