import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { repositoryRoot } from '../support/build.js';
import { Consumer } from './consumer.js';

/** A code block of the README, as a file whose lines have the numbers that they have in the README. */
interface Example {
  file: string;
  code: string;
}

/**
 * Takes the blocks marked `ts` out of a Markdown text. Each becomes a module of its own, and must be complete: what it
 * uses and does not import is missing for the reader too.
 */
function examplesIn(markdown: string): Example[] {
  const lines = markdown.split('\n');
  const examples: Example[] = [];
  let start: number | undefined;
  lines.forEach((line, index) => {
    if (start === undefined) {
      if (/^```(ts|typescript)$/.test(line)) start = index + 1;
    } else if (line === '```') {
      const code = '\n'.repeat(start) + lines.slice(start, index).join('\n') + '\nexport {};\n';
      examples.push({ file: `README.line-${start + 1}.mts`, code });
      start = undefined;
    }
  });
  return examples;
}

describe('the code in the README', () => {
  let project: Consumer;
  let examples: Example[];

  const compile = async (these: readonly Example[]) => {
    for (const { file, code } of these) await writeFile(join(project.directory, file), code);
    return project.compile(
      these.map(({ file }) => file),
      { module: 'nodenext', lib: ['es2023', 'esnext.disposable'], skipLibCheck: true },
    );
  };

  beforeAll(async () => {
    examples = examplesIn(await readFile(join(repositoryRoot, 'README.md'), 'utf8'));
    project = await Consumer.withEverything('everything');
  }, 180_000);

  afterAll(() => project?.[Symbol.asyncDispose]());

  it('is there', () => {
    expect(examples.length).toBeGreaterThan(0);
  });

  it('compiles against the package', async () => {
    await expect(compile(examples)).resolves.toEqual({ exitCode: 0, stdout: '', stderr: '' });
  }, 120_000);

  it('would be told from code that does not', async () => {
    const wrong = examplesIn("# Title\n\n```ts\nimport { Nothing } from 'nestjs-entra-auth';\n```\n");

    await expect(compile(wrong)).resolves.toMatchObject({
      exitCode: 2,
      stdout: expect.stringContaining('README.line-4.mts(4,10): error TS2305'),
    });
  }, 120_000);
});
