import { existsSync, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { describe, expect, it } from '@jest/globals';
import { load, loadAll } from 'js-yaml';

import { anchorOf } from '../../site/anchor.mjs';
import { unknownToAzure } from '../support/azure-cli.js';
import { parseBicep } from '../support/bicep.js';
import { repositoryRoot } from '../support/build.js';
import { runProgram } from '../support/run-program.js';

interface Block {
  page: string;
  line: number;
  text: string;
}

const inRoot = async (folder: string): Promise<string[]> =>
  (await readdir(join(repositoryRoot, folder))).map((name) => join(folder, name));
const read = (file: string): string => readFileSync(join(repositoryRoot, file), 'utf8');
const files = (
  await Promise.all(['.', 'docs', '.github', '.github/workflows', '.github/ISSUE_TEMPLATE'].map(inRoot))
).flat();
const pages = files.filter((file) => file.endsWith('.md'));

/** The blocks of these languages on all pages. */
function blocks(...languages: string[]): Block[] {
  return pages.flatMap((page) => {
    const pattern = /^```(\w+)\n(.*?)^```$/gms;
    return [...read(page).matchAll(pattern)]
      .filter(([, language = '']) => languages.includes(language))
      .map(({ index, 2: text = '' }) => ({
        page,
        line: read(page).slice(0, index).split('\n').length,
        text,
      }));
  });
}

/** Names the block that a parser refuses. */
function parsed<T>(block: Block, parse: (text: string) => T): T {
  try {
    return parse(block.text);
  } catch (error) {
    throw new Error(`${block.page}:${block.line}: ${(error as Error).message}`, { cause: error });
  }
}

/** The anchors of a page, as GitHub makes them of its headings. */
function anchorsOf(page: string): string[] {
  const withoutCode = read(page).replaceAll(/^```.*?^```$/gms, '');
  return [...withoutCode.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));
}

describe('the README', () => {
  const readme = read('README.md');

  it('has 10 to 14 kB', () => {
    expect(Buffer.byteLength(readme)).toBeGreaterThan(10_000);
    expect(Buffer.byteLength(readme)).toBeLessThanOrEqual(14_000);
  });

  it('has the commands of a clone near its top, and installs with two', () => {
    expect(readme.slice(0, 1_500)).toMatch(/git clone .*npm ci && npm start.*npm ci && npm test/s);
    expect(readme.match(/^npm install nestjs-entra-auth .*$/gm)).toHaveLength(2);
  });

  it('leads to every page', () => {
    const missing = pages.filter((page) => page.startsWith('docs/') && !readme.includes(`(${page})`));
    expect(missing).toEqual([]);
  });
});

describe('the pages', () => {
  it('lead to files and headings that are there', () => {
    const broken = pages.flatMap((page) =>
      [...read(page).matchAll(/\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)/g)]
        .filter(([, path = '', anchor]) => {
          const target = path === '' ? page : join(dirname(page), path);
          if (!existsSync(join(repositoryRoot, target))) return true;
          return anchor !== undefined && !anchorsOf(target).includes(anchor);
        })
        .map(([link]) => `${page}: ${link}`),
    );
    expect(broken).toEqual([]);
    expect(pages.length).toBeGreaterThan(25);
  });

  it('have YAML that parses, and so do the workflows', () => {
    const found = blocks('yaml', 'yml').map((block) => parsed(block, (text) => loadAll(text)));
    expect(found.length).toBeGreaterThan(0);
    const yaml = files.filter((file) => /\.ya?ml$/.test(file));
    for (const file of yaml) expect([file, load(read(file))]).toEqual([file, expect.any(Object)]);
    expect(yaml.length).toBeGreaterThan(2);
  });

  it('have JSON that parses', () => {
    for (const block of blocks('json')) parsed(block, (text) => JSON.parse(text) as unknown);
    for (const file of files.filter((name) => name.endsWith('.json'))) JSON.parse(read(file));
  });

  it('have Bicep that parses, with a name in each resource', () => {
    const found = blocks('bicep').flatMap((block) => parsed(block, parseBicep));
    const resources = found.filter(({ kind }) => kind === 'resource');
    for (const { value } of resources) expect(value).toHaveProperty('name');
    expect(resources.map(({ type }) => type.split('@')[0])).toEqual(
      expect.arrayContaining([
        'Microsoft.ManagedIdentity/userAssignedIdentities',
        'Microsoft.Web/sites',
        'Microsoft.App/containerApps',
        'Microsoft.DBforPostgreSQL/flexibleServers',
      ]),
    );
  });

  it('have commands that a shell can read', async () => {
    const commands = blocks('sh', 'bash');
    for (const { page, line, text } of commands) {
      // What a reader fills in is no redirection.
      const command = text.replaceAll(/<[a-z][a-z ]*>/g, 'PLACEHOLDER');
      const { exitCode, stderr } = await runProgram('bash', ['-n', '-c', command], { cwd: repositoryRoot });
      expect({ page, line, exitCode, stderr }).toEqual({ page, line, exitCode: 0, stderr: '' });
    }
    expect(commands.length).toBeGreaterThan(15);
  });

  it('have commands that the Azure CLI knows', () => {
    const commands = blocks('sh', 'bash').filter(({ text }) => /\baz /.test(text));
    const unknown = commands.flatMap(({ page, text }) =>
      unknownToAzure(text).map((one) => `${page}: ${one}`),
    );
    expect(unknown).toEqual([]);
    expect(commands.length).toBeGreaterThan(5);
  });

  it('have blocks in the languages that tests read, and in no other', () => {
    const readBy: Record<string, string> = {
      bash: 'the shell, above; those of this package run in test/e2e/command-page.test.ts',
      bicep: 'the reader of Bicep, above',
      http: 'people',
      sh: 'the shell, above; those of the README in test/quick-start',
      sql: 'PostgreSQL, in test/integration/testing/page-sql.test.ts',
      text: 'people; the messages of docs/errors.md in errors-page.test.ts',
      ts: 'the compiler, in readme.test.ts',
      yaml: 'the reader of YAML, above',
    };
    const languages = pages.flatMap((page) =>
      [...read(page).matchAll(/^```(.*)\n[^]*?^```$/gm)].map(([, language = '']) => language),
    );
    expect([...new Set(languages)].sort()).toEqual(Object.keys(readBy));
  });

  it.each([
    ['README.md', /cache (\d+) times as much/, 'held-token/vs-client-secret-credential', 5],
    ['docs/comparison.md', /failed (\d+) commands/, 'redis/failed-commands-vs-entraid', 4],
    ['docs/comparison.md', /takes (\d+) ms of the event loop/, 'users/cached-10000-vs-msal', 4],
  ] as const)('quote in %s what docs/benchmarks.md has: %s', (page, pattern, row, column) => {
    const line =
      read('docs/benchmarks.md')
        .split('\n')
        .find((one) => one.startsWith(`| ${row} `)) ?? '';
    const cells = line.split('|').map((cell) => cell.trim());
    const figure = Number(cells[column]) / (cells[2] === 'us' ? 1_000 : 1);
    const quoted = Number(pattern.exec(read(page))?.[1]);
    expect(quoted / figure).toBeGreaterThan(0.75);
    expect(quoted / figure).toBeLessThan(1.33);
  });

  it('have the map of lib in docs/architecture.md, room for room', async () => {
    const map = /^lib\/\n(.*?)^\w/ms.exec(read('docs/architecture.md'))?.[1] ?? '';
    const mapped = [...map.matchAll(/^ {2}(\S+)\/ /gm)].map(([, room = '']) => room);
    const entries = await readdir(join(repositoryRoot, 'lib'), { withFileTypes: true });
    const rooms = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    expect(mapped.sort()).toEqual(rooms.sort());
  });

  it('name no script of npm that is not there', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = pages
      .filter((page) => page !== 'docs/deploy.md')
      .flatMap((page) => [...read(page).matchAll(/npm run (\w[\w:-]*)/g)].map(([, script = '']) => script));
    expect(named.filter((script) => !(script in scripts))).toEqual([]);
    expect(named.length).toBeGreaterThan(3);
  });
});

describe('the reader of commands of the Azure CLI', () => {
  it.each([
    ['az identity create --resource-group a --nmae b', 'az identity create --nmae'],
    ['az identity make --name a', 'az identity make'],
    ['ID=$(az aks show --name a \\\n  --qurey b)', 'az aks show --qurey'],
  ])('reports %j', (text, unknown) => {
    expect(unknownToAzure(text)).toEqual([unknown]);
  });
});

describe('the reader of Bicep', () => {
  it.each([
    ['an unfinished object', "resource a 'Microsoft.Web/sites@2023-12-01' = {\n  name: 'a'\n"],
    ['a text without an end', "var a = 'b\n"],
    ['a resource without a version', "resource a 'Microsoft.Web/sites' = {}\n"],
    ['a member without a colon', "var a = {\n  b 'c'\n}\n"],
  ])('refuses %s', (_, text) => {
    expect(() => parseBicep(text)).toThrow(SyntaxError);
  });
});
