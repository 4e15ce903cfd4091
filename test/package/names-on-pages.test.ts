import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { beforeAll, describe, expect, it } from '@jest/globals';

import { errorCodes } from '../../lib/common/error-codes.js';
import { aadstsTable } from '../../lib/entra/aadsts.js';
import { repositoryRoot } from '../support/build.js';

const read = (file: string): string => readFileSync(join(repositoryRoot, file), 'utf8');
const sourcesIn = (folder: string): string =>
  readdirSync(join(repositoryRoot, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => read(join(folder, file)))
    .join('\n');
const pages = [
  'README.md',
  ...readdirSync(join(repositoryRoot, 'docs')).map((file) => `docs/${file}`),
].filter((file) => file.endsWith('.md'));

/** What a page names that is not known, as `page: name`. */
function unknownOnPages(names: RegExp, isKnown: (name: string) => boolean): string[] {
  const found = pages.flatMap((page) => [...read(page).matchAll(names)].map(([, name = '']) => [page, name]));
  // A pattern that finds nothing would check nothing.
  expect(found.length).toBeGreaterThan(10);
  return found.filter(([, name = '']) => !isKnown(name)).map(([page, name]) => `${page}: ${name}`);
}

describe('the pages', () => {
  let library: string;
  let versions: Set<string>;

  beforeAll(() => {
    library = sourcesIn('lib');
    const { packages } = JSON.parse(read('package-lock.json')) as {
      packages: Record<string, { name?: string; version: string }>;
    };
    versions = new Set(
      Object.entries(packages).map(
        ([path, { name = path.replace(/^.*node_modules\//, ''), version }]) => `\`${name}\` ${version}`,
      ),
    );
  });

  it('name errors that the library has, or that a library underneath throws', () => {
    const foreign = ['GraphError'];
    const isKnown = (name: string): boolean =>
      foreign.includes(name) || new RegExp(`class ${name}\\b`).test(library);
    expect(unknownOnPages(/`([A-Z]\w+Error)\b/g, isKnown)).toEqual([]);
  });

  it('name codes of errors that the library has', () => {
    expect(unknownOnPages(/\b(ENTRA_(?!AUTH_)[A-Z]\w*)/g, (code) => code in errorCodes)).toEqual([]);
  });

  it('name codes of Entra that the library or its local Entra knows', () => {
    const isKnown = (code: string): boolean => aadstsTable.has(Number(code)) || library.includes(code);
    expect(unknownOnPages(/AADSTS(\d+)/g, isKnown)).toEqual([]);
  });

  it('name installed versions, but for those that were read, or run once', () => {
    const once = [
      // In an empty folder each, by the matrix.
      /^docs\/compatibility\.md: /,
      // Newer than what the suite has.
      /^docs\/mssql\.md: `tedious` 20\.3\.9$/,
    ];
    const unknown = unknownOnPages(/(`@?[a-z][\w./-]*` \d+\.\d+\.\d+(?:-\w[\w.]*\w)?)/g, (name) =>
      versions.has(name),
    );
    expect(unknown.filter((name) => !once.some((pattern) => pattern.test(name)))).toEqual([]);
  });
});
