import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { Consumer, fixtures } from './consumer.js';

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
  });

  afterAll(() => project?.[Symbol.asyncDispose]());

  it.each([
    // The credentials are those of the Azure SDK, and so are the clients.
    ['nodenext', ['app.mts', 'app.cts', 'credentials.ts'], { module: 'nodenext' }],
    ['node16', ['app.mts'], { module: 'node16' }],
    ['bundler', ['app.ts'], { module: 'preserve', moduleResolution: 'bundler' }],
  ])('compile with the module resolution %s', async (_, files, options) => {
    await expect(project.compile(files, options)).resolves.toEqual(silent);
  });

  it('refuse TLS that is not verified, unless the option that opens it is there', async () => {
    const source = await readFile(join(fixtures, 'everything/unverified-tls.ts'), 'utf8');
    const marked = source.split('\n').flatMap((line, n) => (line.endsWith('// refused') ? [n + 1] : []));

    const options = { module: 'nodenext', skipLibCheck: true };
    const { exitCode, stdout } = await project.compile(['unverified-tls.ts'], options);

    const places = [...stdout.matchAll(/^(\S+)\((\d+),\d+\): error/gm)];
    expect(new Set(places.map(([, file]) => file))).toEqual(new Set(['unverified-tls.ts']));
    expect([...new Set(places.map(([, , line]) => Number(line)))]).toEqual(marked);
    expect(marked.length).toBeGreaterThan(0);
    expect(exitCode).toBe(1);
  });
});

describe('types, with Nest 11 and TypeORM 0.3, libraries checked too', () => {
  let project: Consumer;

  beforeAll(async () => {
    project = await Consumer.installed('nest-11');
    await copyApp(project);
  });

  afterAll(() => project?.[Symbol.asyncDispose]());

  it.each([
    ['nodenext', ['app.mts', 'app.cts'], { module: 'nodenext' }],
    ['node16', ['app.mts', 'app.cts'], { module: 'node16' }],
    [
      'node10',
      ['app.ts'],
      { module: 'commonjs', moduleResolution: 'node10', ignoreDeprecations: '6.0', rootDir: '.' },
    ],
  ])('compile with the module resolution %s', async (_, files, options) => {
    await expect(project.compile(files, options)).resolves.toEqual(silent);
  });
});
