import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { pagesOfSite } from '../../site/navigation.mjs';
import { runSuccessfully } from './run-program.js';

/** The top of the repository. */
export const repositoryRoot = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

interface Build {
  /** Tells which sources the output was made of. */
  stamp: string;
  /** Files and folders that the output depends on. */
  sources: readonly string[];
  /** Must exist, or the output is made again whatever the stamp tells. */
  outputs: readonly string[];
  command: readonly [program: string, ...args: string[]];
  /** Where the command runs, if not at the top of the repository: a folder that is emptied first, with these files. */
  folder?: { path: string; files: string };
  /** The file that keeps what the command writes. */
  log?: string;
  env?: Record<string, string>;
}

const library: Build = {
  stamp: 'dist/.library',
  sources: ['lib', 'scripts', 'package.json', 'tsconfig.json', 'tsconfig.build.json'],
  outputs: ['dist/esm/index.js', 'dist/cjs/index.js', 'dist/cjs/package.json'],
  command: ['npm', 'run', '--silent', 'build'],
};

const sample: Build = {
  stamp: 'dist/.sample',
  sources: ['scripts', 'sample-app'],
  outputs: ['dist/sample-app/main.js'],
  command: [process.execPath, 'scripts/build.mjs', 'sample'],
};

const { version } = JSON.parse(readFileSync(join(repositoryRoot, 'package.json'), 'utf8')) as {
  version: string;
};
const tarballFile = `dist/nestjs-entra-auth-${version}.tgz`;

const tarball: Build = {
  stamp: 'dist/.tarball',
  sources: [...library.sources, 'docs', 'README.md', 'CHANGELOG.md', 'LICENSE'],
  outputs: [tarballFile],
  // The library has just been built; what `prepack` does would take it away from under other tests.
  command: ['npm', 'pack', '--silent', '--ignore-scripts', '--pack-destination', 'dist'],
};

const reference: Build = {
  stamp: '.test-output/reference/.stamp',
  sources: ['lib', 'package.json', 'tsconfig.json', 'tsconfig.build.json', 'typedoc.json'],
  outputs: ['.test-output/reference/index.html'],
  command: ['npm', 'run', '--silent', 'docs:api'],
  log: '.test-output/reference/.log',
};

/** A site of a project on GitHub Pages lies in a folder of its own. */
export const siteBase = '/nestjs-entra-auth/';

const site: Build = {
  stamp: 'site/dist/.stamp',
  sources: [
    ...reference.sources,
    'scripts',
    'docs',
    ...pagesOfSite,
    'site/.vitepress/config.mjs',
    'site/anchor.mjs',
    'site/icon.svg',
    'site/navigation.mjs',
    'site/package-lock.json',
  ],
  outputs: ['site/dist/index.html', 'site/dist/reference/index.html'],
  command: ['npm', 'run', '--silent', 'docs:site', '--', '--reference', '.test-output/reference'],
  env: { SITE_BASE: siteBase },
};

const lock = join(repositoryRoot, '.test-output/build.lock');
const lockPollInMs = 100;
const lockTimeoutInMs = 280_000;
const buildTimeoutInMs = 600_000;

/** Builds the library and the sample application, unless `dist` already holds what the sources say. */
export async function ensureBuilt(): Promise<void> {
  await inTurn(async () => {
    await buildIfStale(library);
    await buildIfStale(sample);
  });
}

/** Packs the library as it would be published, and returns the path of the tarball. */
export async function ensurePacked(): Promise<string> {
  await inTurn(async () => {
    await buildIfStale(library);
    await buildIfStale(tarball);
  });
  return join(repositoryRoot, tarballFile);
}

/** Builds the reference of the API, and returns its folder and what the generator wrote about it. */
export async function ensureReference(): Promise<{ folder: string; log: string }> {
  await inTurn(() => buildIfStale(reference));
  const log = await readFile(join(repositoryRoot, '.test-output/reference/.log'), 'utf8');
  return { folder: join(repositoryRoot, '.test-output/reference'), log };
}

/** Builds the site, with the reference of the API, and returns its folder. */
export async function ensureSite(): Promise<string> {
  await ensureReference();
  await inTurn(() => buildIfStale(site));
  return join(repositoryRoot, 'site/dist');
}

/**
 * Installs the library as it would be published, and beside it what the lock file of a project holds, once for all test
 * files. npm refuses when a required peer is missing or does not fit.
 *
 * @returns the folder of the project, to be copied
 */
export async function ensureInstalled(project: string, files: string): Promise<string> {
  const packed = await ensurePacked();
  const path = `.test-output/installed/${project}`;
  const install = ['install', '--prefer-offline', '--no-audit', '--no-fund', packed] as const;
  await inTurn(() =>
    buildIfStale({
      stamp: `${path}/.stamp`,
      sources: [files, tarballFile],
      outputs: [`${path}/node_modules/nestjs-entra-auth/package.json`],
      command: ['npm', ...install],
      folder: { path, files },
    }),
  );
  return join(repositoryRoot, path);
}

async function buildIfStale({ stamp, sources, outputs, command, folder, log, env }: Build): Promise<void> {
  const digest = await digestOf(sources);
  const stampFile = join(repositoryRoot, stamp);
  const present = await Promise.all(outputs.map((output) => exists(join(repositoryRoot, output))));
  if (present.every(Boolean) && (await readFile(stampFile, 'utf8').catch(() => '')) === digest) return;
  const [program, ...args] = command;
  const cwd = join(repositoryRoot, folder?.path ?? '');
  if (folder !== undefined) {
    await rm(cwd, { recursive: true, force: true });
    await cp(join(repositoryRoot, folder.files), cwd, { recursive: true });
  }
  const options = { cwd, env, timeoutInMs: buildTimeoutInMs };
  const { stdout, stderr } = await runSuccessfully(program, args, options);
  if (log !== undefined) await writeFile(join(repositoryRoot, log), stdout + stderr);
  await writeFile(stampFile, digest);
}

/** The test files of one run are spread over several processes; the first to come builds, the others wait for it. */
async function inTurn(work: () => Promise<void>): Promise<void> {
  await mkdir(dirname(lock), { recursive: true });
  const deadline = Date.now() + lockTimeoutInMs;
  while (!(await tryLock())) {
    if (Date.now() > deadline) throw new Error(`${lock} is held by another process; remove it.`);
    await sleep(lockPollInMs);
  }
  try {
    await work();
  } finally {
    await rm(lock, { force: true });
  }
}

async function tryLock(): Promise<boolean> {
  try {
    await writeFile(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const owner = Number(await readFile(lock, 'utf8').catch(() => ''));
  // A killed run leaves its lock behind.
  if (owner > 0 && !isAlive(owner)) await rm(lock, { force: true });
  return false;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function digestOf(sources: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const source of sources) {
    for (const file of await filesIn(source)) {
      hash.update(`${file}\0`).update(await readFile(join(repositoryRoot, file)));
    }
  }
  return hash.digest('hex');
}

async function filesIn(path: string): Promise<string[]> {
  const found = await stat(join(repositoryRoot, path)).catch(() => undefined);
  if (found === undefined) return [];
  if (!found.isDirectory()) return [path];
  const entries = await readdir(join(repositoryRoot, path), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(repositoryRoot.length + 1))
    .sort();
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
