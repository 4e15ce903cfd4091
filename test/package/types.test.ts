import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { Consumer, fixtures } from './consumer.js';

const compilerTimeoutInMs = 120_000;
const silent = { exitCode: 0, stdout: '', stderr: '' };

/** The same application as an ES module, as CommonJS, and as whatever the options make of it. */
async function copyApp(project: Consumer): Promise<void> {
  for (const name of ['app.ts', 'app.mts', 'app.cts']) {
    await copyFile(join(fixtures, 'everything/app.ts'), join(project.directory, name));
  }
}

describe('types, with Nest 12 and every optional package, libraries checked too', () => {
  let project: Consumer;

  beforeAll(async () => {
    project = await Consumer.withEverything('everything');
    await copyApp(project);
  }, 180_000);

  afterAll(() => project?.[Symbol.asyncDispose]());

  it.each([
    ['nodenext', ['app.mts', 'app.cts'], { module: 'nodenext' }],
    ['node16', ['app.mts'], { module: 'node16' }],
    ['bundler', ['app.ts'], { module: 'preserve', moduleResolution: 'bundler' }],
  ])(
    'compile with the module resolution %s',
    async (_, files, options) => {
      await expect(project.compile(files, options)).resolves.toEqual(silent);
    },
    compilerTimeoutInMs,
  );

  it(
    'fit the credentials and the clients of the Azure SDK',
    async () => {
      await expect(project.compile(['credentials.ts'], { module: 'nodenext' })).resolves.toEqual(silent);
    },
    compilerTimeoutInMs,
  );
});

describe('types, with Nest 11 and TypeORM 0.3, libraries checked too', () => {
  let project: Consumer;

  beforeAll(async () => {
    project = await Consumer.installed('nest-11');
    await copyApp(project);
  }, 180_000);

  afterAll(() => project?.[Symbol.asyncDispose]());

  it.each([
    ['nodenext', ['app.mts', 'app.cts'], { module: 'nodenext' }],
    ['node16', ['app.mts', 'app.cts'], { module: 'node16' }],
    [
      'node10',
      ['app.ts'],
      { module: 'commonjs', moduleResolution: 'node10', ignoreDeprecations: '6.0', rootDir: '.' },
    ],
  ])(
    'compile with the module resolution %s',
    async (_, files, options) => {
      await expect(project.compile(files, options)).resolves.toEqual(silent);
    },
    compilerTimeoutInMs,
  );
});
