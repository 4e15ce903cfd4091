import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, it } from '@jest/globals';

import { repositoryRoot } from '../../support/build.js';

const docs = join(repositoryRoot, 'docs');
const readPage = (): Promise<string> => readFile(join(docs, 'drivers.md'), 'utf8');

it('docs/drivers.md shows the recipes that are tested, each as it is, and no other code', async () => {
  const names = (await readdir(join(docs, 'recipes/drivers'))).map((file) => `recipes/drivers/${file}`);
  const recipes = await Promise.all(
    names.map(async (name) => [name, await readFile(join(docs, name), 'utf8')] as const),
  );
  const page = await readPage();
  const shown = [...page.matchAll(/(?:\]\((recipes\/drivers\/[\w-]+\.ts)\):?\n\n)?```ts\n(.*?)```\n/gs)];
  expect(Object.fromEntries(shown.map(([, name, code]) => [name, code]))).toEqual(
    Object.fromEntries(recipes),
  );
  expect(shown).toHaveLength(recipes.length);
});

interface Lock {
  packages: Record<string, { version: string }>;
}

async function installedVersions(lockFile: string): Promise<(name: string) => string[]> {
  const { packages } = JSON.parse(await readFile(join(repositoryRoot, lockFile), 'utf8')) as Lock;
  return (name) => [packages[`node_modules/${name}`]?.version ?? []].flat();
}

it('docs/drivers.md names the versions that the tests run with', async () => {
  const own = await installedVersions('package-lock.json');
  const fixture = 'test/integration/drivers/fixtures/mikro-orm-7/package-lock.json';
  const beside = await installedVersions(fixture);
  const [, table = ''] = (await readPage()).split('## Tried with');
  const rows = [...table.matchAll(/^\| `([^`]+)` +\| ([\d.a-z-]+(?: and [\d.]+)?) +\|$/gm)];
  expect(rows.length).toBeGreaterThan(10);
  for (const [, name = '', versions] of rows) {
    const others = name === '@mikro-orm/postgresql' ? beside(name) : [];
    expect([name, versions]).toEqual([name, [...own(name), ...others].join(' and ')]);
  }
});
