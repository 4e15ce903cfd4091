import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, it } from '@jest/globals';

import { repositoryRoot } from '../../support/build.js';

const docs = join(repositoryRoot, 'docs');

it('docs/drivers.md shows the recipes that are tested, each as it is, and no other code', async () => {
  const names = (await readdir(join(docs, 'recipes/drivers'))).map((file) => `recipes/drivers/${file}`);
  const recipes = await Promise.all(
    names.map(async (name) => [name, await readFile(join(docs, name), 'utf8')] as const),
  );
  const page = await readFile(join(docs, 'drivers.md'), 'utf8');
  const shown = [...page.matchAll(/(?:\]\((recipes\/drivers\/[\w-]+\.ts)\):?\n\n)?```ts\n(.*?)```\n/gs)];
  expect(Object.fromEntries(shown.map(([, name, code]) => [name, code]))).toEqual(
    Object.fromEntries(recipes),
  );
  expect(shown).toHaveLength(recipes.length);
});
