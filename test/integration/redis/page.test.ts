import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, it } from '@jest/globals';

import { repositoryRoot } from '../../support/build.js';

const docs = join(repositoryRoot, 'docs');

it('docs/redis.md shows the recipes that are tested, each as it is, and no other code', async () => {
  const names = await readdir(join(docs, 'recipes/redis'));
  const recipes = await Promise.all(
    names.map(async (name) => [name, await readFile(join(docs, 'recipes/redis', name), 'utf8')] as const),
  );
  const page = await readFile(join(docs, 'redis.md'), 'utf8');
  const shown = [...page.matchAll(/(?:\]\(recipes\/redis\/([\w-]+\.ts)\):?\n\n)?```ts\n(.*?)```\n/gs)];
  expect(Object.fromEntries(shown.map(([, name, code]) => [name, code]))).toEqual(
    Object.fromEntries(recipes),
  );
  expect(shown).toHaveLength(recipes.length);
});
