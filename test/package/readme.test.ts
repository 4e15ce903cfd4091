import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { repositoryRoot } from '../support/build.js';
import { Consumer } from './consumer.js';

/** A code block of a page, as a file whose lines have the numbers that they have on the page. */
interface Example {
  file: string;
  code: string;
}

/**
 * Takes the blocks marked `ts` out of a Markdown text. Each becomes a module of its own, in the file that its
 * first line names, if any, and must be complete: what it uses and does not import is missing for the reader too.
 */
function examplesIn(markdown: string, page = 'README'): Example[] {
  const lines = markdown.split('\n');
  const examples: Example[] = [];
  let start: number | undefined;
  lines.forEach((line, index) => {
    if (start === undefined) {
      if (/^```(ts|typescript)$/.test(line)) start = index + 1;
    } else if (line === '```') {
      const code = '\n'.repeat(start) + lines.slice(start, index).join('\n') + '\nexport {};\n';
      const [, path] = /^\/\/ (src\/[\w.-]+)$/.exec(lines[start] ?? '') ?? [];
      examples.push({ file: path ?? `${page}.line-${start + 1}.mts`, code });
      start = undefined;
    }
  });
  return examples;
}

/** Puts the recipes for drivers into a folder of the project, and returns their paths. */
async function copyRecipes({ directory }: Consumer): Promise<string[]> {
  const target = join(directory, 'recipes');
  await cp(join(repositoryRoot, 'docs/recipes'), target, { recursive: true });
  await writeFile(join(target, 'package.json'), '{"type":"module"}');
  const files = await readdir(target, { recursive: true });
  return files.filter((file) => file.endsWith('.ts')).map((file) => `recipes/${file}`);
}

/** The recipes of these pages are files of their own, compiled below. */
const pagesOfRecipes = ['drivers.md', 'redis.md'];
const isPage = (name: string): boolean => name.endsWith('.md') && !pagesOfRecipes.includes(name);

/** The options that a careful reader turns on with `strict`. */
const careful = { exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true };
const pages = [
  'README.md',
  ...(await readdir(join(repositoryRoot, 'docs'))).filter(isPage).map((page) => `docs/${page}`),
];

describe('the code in the README and on the pages', () => {
  let project: Consumer;
  let examples: Example[];

  const compile = async (these: readonly Example[]) => {
    await mkdir(join(project.directory, 'src'), { recursive: true });
    for (const { file, code } of these) await writeFile(join(project.directory, file), code);
    return project.compile(
      these.map(({ file }) => file),
      { module: 'nodenext', lib: ['es2023', 'esnext.disposable'], skipLibCheck: true, ...careful },
    );
  };

  beforeAll(async () => {
    const found = pages.map(async (page) =>
      examplesIn(await readFile(join(repositoryRoot, page), 'utf8'), basename(page, '.md')),
    );
    examples = (await Promise.all(found)).flat();
    project = await Consumer.withEverything('everything');
  });

  afterAll(() => project?.[Symbol.asyncDispose]());

  it('is there', () => {
    expect(examples.length).toBeGreaterThan(0);
  });

  it('compiles against the package', async () => {
    await expect(compile(examples)).resolves.toEqual({ exitCode: 0, stdout: '', stderr: '' });
  });

  it('compiles against the drivers, for those whom the recipes are copied by', async () => {
    const recipes = await copyRecipes(project);
    const options = { module: 'nodenext', skipLibCheck: true, ...careful };

    expect(recipes.length).toBeGreaterThan(5);
    await expect(project.compile(recipes, options)).resolves.toEqual({ exitCode: 0, stdout: '', stderr: '' });
  });

  it('logs in to the local PostgreSQL, as docs/testing.md tells', async () => {
    const testing = examples.filter(({ code }) => code.includes('localOptions'));
    for (const { file, code } of testing) await writeFile(join(project.directory, file), code);
    const emitted = { module: 'nodenext', skipLibCheck: true, noEmit: false, outDir: '.' };
    await project.compile(
      testing.map(({ file }) => file),
      emitted,
    );

    expect(testing).toHaveLength(1);
    const EXAMPLE = testing[0]?.file.replace(/\.mts$/, '.mjs') ?? '';
    await expect(project.outputOf('local-options.mjs', { EXAMPLE })).resolves.toEqual({
      user: 'notes-app',
      refused: 0,
    });
  });

  it('would be told from code that does not', async () => {
    const wrong = examplesIn("# Title\n\n```ts\nimport { Nothing } from 'nestjs-entra-auth';\n```\n");

    await expect(compile(wrong)).resolves.toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining('README.line-4.mts(4,10): error TS2305'),
    });
  });
});
