import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { ensurePacked, repositoryRoot } from '../support/build.js';
import { runProgram, runSuccessfully } from '../support/run-program.js';

interface SourceMap {
  sources: string[];
  sourcesContent?: (string | null)[];
}

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
  }, 180_000);

  afterAll(async () => {
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  it('holds the two builds, their sources, the pages and the papers, and nothing else', async () => {
    const sources = await filesOf(join(repositoryRoot, 'lib'));
    const pages = await filesOf(join(repositoryRoot, 'docs'));
    // A program is run and not required: it has no CommonJS build.
    const required = sources.filter((source) => !source.startsWith('cli/'));
    // The dashboard's page runs in a browser, and is bundled as text.
    const isPage = (source: string) => /^dashboard\/(page\/|html\.d\.ts$)/.test(source);
    const declarations = (build: string, of: string[]) =>
      of
        .filter((source) => !isPage(source) && !source.endsWith('.d.ts'))
        .map((source) => `dist/${build}/${source.replace(/\.ts$/, '.d.ts')}`);
    const { exports } = JSON.parse(await read('package.json')) as Manifest;
    const entries = Object.values(exports).flatMap((entry) =>
      typeof entry === 'string' ? [] : [entry.import.default, entry.require.default],
    );
    const bundles = [...entries, './dist/esm/cli/main.js'].map((file) => file.slice('./'.length));
    // What entries share or load later is a few files more.
    const chunks = files.filter((file) => /^dist\/(esm|cjs)\/[\w.-]+-[\w-]+\.js(\.map)?$/.test(file));
    const withMap = async (file: string) =>
      // An entry that only names what another file holds has nothing to map.
      (await read(file)).includes('//# sourceMappingURL=') ? [file, `${file}.map`] : [file];
    const expected = [
      ...['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json', 'dist/cjs/package.json'],
      ...pages.map((page) => `docs/${page}`),
      ...sources.map((source) => `lib/${source}`),
      ...declarations('cjs', required),
      ...declarations('esm', sources),
      ...(await Promise.all(bundles.map(withMap))).flat(),
      ...chunks,
    ];
    expect(entries.length).toBeGreaterThan(5);
    expect(chunks.length).toBeLessThan(100);

    expect(files).toEqual(expected.sort());
    const others = sources.filter((source) => !source.endsWith('.ts') || source.endsWith('.test.ts'));
    expect(others.filter((source) => !isPage(source))).toEqual([]);
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

  it('marks the CommonJS build as such', async () => {
    expect(JSON.parse(await read('dist/cjs/package.json'))).toEqual({ type: 'commonjs' });
    expect(await read('dist/cjs/index.js')).toMatch(/require\("\.\/core-[\w-]+\.js"\).*exports\./s);
    expect(await read('dist/esm/index.js')).toMatch(/\bfrom "\.\/core-[\w-]+\.js"/);
  });

  it('has source maps that lead to the sources and carry them', async () => {
    for (const file of files.filter((name) => name.endsWith('.js.map'))) {
      const { sources, sourcesContent } = JSON.parse(await read(file)) as SourceMap;
      const found = sources.map((one) => relative(folder, resolve(folder, dirname(file), one)));

      expect(files).toEqual(expect.arrayContaining(found.map((one) => one.replaceAll('\\', '/'))));
      expect(sourcesContent).toEqual(await Promise.all(found.map(read)));
    }
  });

  it.each(['dist/esm', 'dist/cjs'])('keeps the documentation of the options in %s', async (build) => {
    const documented = (text: string) => text.match(/@default/g)?.length ?? 0;
    const options = 'options/entra-auth-module.options';
    const declared = documented(await read(`${build}/${options}.d.ts`));

    expect(declared).toBeGreaterThan(5);
    expect(declared).toBe(documented(await read(`lib/${options}.ts`)));
  });

  it('has short lines of code: Node.js prints the whole line that an uncaught error was thrown on', async () => {
    const maps = files.filter((file) => file.endsWith('.js.map'));
    const code = await Promise.all(maps.map((map) => read(map.slice(0, -'.map'.length))));
    const longest = Math.max(...code.flatMap((text) => text.split('\n')).map((line) => line.length));

    expect(maps.length).toBeGreaterThan(10);
    expect(longest).toBeLessThan(500);
  });

  it('is what bundlers and Node expect: publint', async () => {
    const publint = join(repositoryRoot, 'node_modules/.bin/publint');
    const result = await runProgram(publint, ['run', tarball, '--strict'], { cwd: folder });

    expect(result).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('All good!') });
  }, 60_000);

  it('has the right types for each way to import it: attw', async () => {
    const attw = join(repositoryRoot, 'node_modules/.bin/attw');
    const result = await runProgram(attw, [tarball, '--format', 'ascii', '--no-emoji'], { cwd: folder });

    expect(result).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('No problems found') });
  }, 60_000);
});
