import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { ensurePacked, repositoryRoot } from '../support/build.js';
import { runProgram, runSuccessfully } from '../support/run-program.js';

interface Manifest {
  exports: Record<string, string | Record<'import' | 'require', { default: string }>>;
}

describe('the tarball', () => {
  let tarball: string;
  let folder: string;
  /** Paths with `/`, relative to the package. */
  let files: string[];

  const read = (file: string) => readFile(join(folder, file), 'utf8');
  const filesOf = async (directory: string) => {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => relative(directory, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
      .sort();
  };

  beforeAll(async () => {
    tarball = await ensurePacked();
    folder = await mkdtemp(join(tmpdir(), 'nestjs-entra-auth-tarball-'));
    await runSuccessfully('tar', ['-xzf', tarball, '--strip-components=1'], { cwd: folder });
    files = await filesOf(folder);
  });

  afterAll(async () => {
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  it('holds the two builds, what they share, their types, the pages and the papers, and nothing else', async () => {
    const pages = await filesOf(join(repositoryRoot, 'docs'));
    const { exports } = JSON.parse(await read('package.json')) as Manifest;
    const entries = Object.values(exports).flatMap((entry) =>
      typeof entry === 'string' ? [] : [entry.import.default, entry.require.default],
    );
    const bundles = [...entries, './dist/esm/cli/main.js'].map((file) => file.slice('./'.length));
    const types = entries.map((file) => file.slice('./'.length).replace(/\.js$/, '.d.ts'));
    // What entries share or load later is a few files more.
    const chunks = files.filter((file) =>
      /^dist\/(esm|cjs|shared)\/[\w.-]+-[\w-]+(\.names)?(\.js|\.d\.ts)$/.test(file),
    );
    const expected = [
      ...['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json', 'dist/cjs/package.json'],
      'dist/shared/package.json',
      ...pages.map((page) => `docs/${page}`),
      ...bundles,
      ...types,
      ...chunks,
    ];
    expect(entries.length).toBeGreaterThan(5);
    expect(chunks.length).toBeLessThan(100);

    expect(files).toEqual(expected.sort());
  });

  it('is small: at most 400 files, and 500 kB packed', async () => {
    expect(files.length).toBeLessThanOrEqual(400);
    expect((await stat(tarball)).size).toBeLessThanOrEqual(500_000);
  });

  it('declares each type once in a build: a class of one entry is that of the others', async () => {
    for (const build of ['dist/esm', 'dist/cjs']) {
      const isOfBuild = (file: string) => file.startsWith(build) || file.startsWith('dist/shared/');
      const declared = files.filter((file) => isOfBuild(file) && file.endsWith('.d.ts')).map(read);
      const text = (await Promise.all(declared)).join('\n');
      for (const name of ['EntraAuthError', 'TokenUnavailableError', 'EntraTokenService', 'TokenEngine'])
        expect([name, text.match(new RegExp(`class ${name}\\b`, 'g'))?.length]).toEqual([name, 1]);
    }
  });

  it('has every page that its README and its pages lead to', async () => {
    const led: string[] = [];
    for (const page of files.filter((file) => file.endsWith('.md'))) {
      for (const [, path = ''] of (await read(page)).matchAll(/\]\((?!https?:)([^)#]+)\)/g)) {
        led.push(join(dirname(page), path).replaceAll('\\', '/'));
      }
    }
    expect(led.length).toBeGreaterThan(10);
    expect(files).toEqual(expect.arrayContaining(led));
  });

  it('marks as CommonJS what is, and leads both builds to what they share', async () => {
    for (const folder of ['dist/cjs', 'dist/shared'])
      expect(JSON.parse(await read(`${folder}/package.json`))).toEqual({
        type: 'commonjs',
        sideEffects: false,
      });
    expect(await read('dist/cjs/index.js')).toMatch(/require\("\.\.\/shared\/core-[\w-]+\.js"\)/);
    expect(await read('dist/esm/index.js')).toMatch(/\bfrom ?"\.\.\/shared\/core-[\w-]+\.names\.js"/);
  });

  it('shares code that loads nothing but Node.js, by way of files that name all of it', async () => {
    const shared = files.filter((file) => /^dist\/shared\/.*(?<!\.names)\.js$/.test(file));
    const loaded = (await Promise.all(shared.map(read))).flatMap((code) => [
      ...code.matchAll(/\brequire\(\s*"([^"]+)"/g),
    ]);
    for (const [, name = ''] of loaded) expect(name).toMatch(/^(\.\/[\w.-]+-[\w-]+\.js|node:[\w/]+)$/);
    const program = `
      import { createRequire } from 'node:module';
      const require = createRequire(import.meta.url);
      const compare = async (file) => {
        const { default: all, 'module.exports': same, ...named } = await import(file.replace(/\\.js$/, '.names.js'));
        return [file, Object.keys(require(file)).sort(), Object.keys(named).sort()];
      };
      console.log(JSON.stringify(await Promise.all(process.argv.slice(1).map(compare))));`;
    const paths = shared.map((file) => join(folder, file));
    const options = { cwd: folder };
    const ran = await runProgram(
      process.execPath,
      ['--input-type=module', '--eval', program, ...paths],
      options,
    );
    expect(ran).toMatchObject({ exitCode: 0 });
    const compared = JSON.parse(ran.stdout) as [string, string[], string[]][];

    expect(compared.length).toBeGreaterThan(10);
    for (const [file, all, named] of compared) expect([file, named]).toEqual([file, all]);
  });

  it.each(['dist/esm', 'dist/cjs'])('keeps the documentation of the options in %s', async (build) => {
    const documented = (text: string) => text.match(/@default/g)?.length ?? 0;
    const source = await readFile(join(repositoryRoot, 'lib/options/entra-auth-module.options.ts'), 'utf8');
    const [, options = ''] = /interface EntraAuthModuleOptions \{(.*?)^\}/ms.exec(source) ?? [];
    const text = await read(`${build}/index.d.ts`);
    const [, declared = ''] = /interface EntraAuthModuleOptions \{(.*?)^\}/ms.exec(text) ?? [];

    expect(documented(declared)).toBeGreaterThan(5);
    expect(documented(declared)).toBe(documented(options));
  });

  it('has short lines of code: Node.js prints the whole line that an uncaught error was thrown on', async () => {
    const scripts = files.filter((file) => /^dist\/.*\.js$/.test(file));
    const code = await Promise.all(scripts.map(read));
    const longest = Math.max(...code.flatMap((text) => text.split('\n')).map((line) => line.length));

    expect(scripts.length).toBeGreaterThan(10);
    expect(longest).toBeLessThan(500);
  });

  it('is what bundlers and Node expect: publint', async () => {
    const publint = join(repositoryRoot, 'node_modules/.bin/publint');
    const result = await runProgram(publint, ['run', tarball, '--strict'], { cwd: folder });

    expect(result).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('All good!') });
  });

  it('has the right types for each way to import it: attw', async () => {
    const attw = join(repositoryRoot, 'node_modules/.bin/attw');
    const result = await runProgram(attw, [tarball, '--format', 'ascii', '--no-emoji'], { cwd: folder });

    expect(result).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('No problems found') });
  });
});
