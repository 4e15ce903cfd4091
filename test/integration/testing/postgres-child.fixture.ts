import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

import type { LocalPostgresOptions } from '../../../lib/testing/postgres/index.js';
import { filesBesidesTemplate, template } from '../../support/cluster-templates.js';

/** A program that starts the local PostgreSQL and tells what it does, line by line. Runs as CommonJS. */
const PROGRAM = `
const { startWatchdog } = require('./watchdog.js');
const { startLocalPostgres } = require('./postgres/index.js');
const say = (line) => process.stdout.write(JSON.stringify(line) + '\\n');
const { options, tls, then } = JSON.parse(process.argv[2]);
const watchdog = startWatchdog();
const watched = {
  removeDirectory: (directory) => { watchdog.removeDirectory(directory); say({ directory }); },
  stopProcess: (pid) => { watchdog.stopProcess(pid); say({ pid }); },
};
startLocalPostgres({
  options, tls, watchdog: watched, now: Date.now, backdatedBySeconds: 0,
  defaultRole: { name: 'app', objectId: 'o' },
  verifyToken: () => ({ oid: 'o', iat: 0, exp: Date.now() / 1000 + 60 }),
}).then(async (server) => {
  say({ port: server.port, user: (await server.query('SELECT 1 AS one')).length === 1 });
  if (then === 'exit') process.exit(0);
  if (then === 'ask when interrupted') {
    process.once('SIGINT', async () => say({ asked: (await server.query('SELECT 1 AS one')).length }));
    say({ listening: true });
  }
  if (then === 'stop') { await server.stop(); await watchdog.close(); say({ stopped: true }); }
}).catch((error) => { say({ failed: error.code, message: error.message }); void watchdog.close(); });
`;

/** Compiles what is tested to CommonJS, with the packages that it runs, in a folder that every user can read. */
export function compileProgram(): string {
  const output = mkdtempSync(join(tmpdir(), 'postgres-program-'));
  const entries = ['index', 'watchdog', 'postgres/index'].map((entry) => `lib/testing/${entry}.ts`);
  const options = [
    '--bundle',
    '--platform=node',
    '--format=cjs',
    '--external:pg-native',
    '--log-level=error',
  ];
  execFileSync('node_modules/esbuild/bin/esbuild', [
    ...entries,
    ...options,
    '--outbase=lib/testing',
    `--outdir=${output}`,
  ]);
  writeFileSync(join(output, 'package.json'), '{"type":"commonjs"}');
  writeFileSync(join(output, 'program.js'), PROGRAM);
  chmodSync(output, 0o755);
  return output;
}

/** A temporary directory that every user may write to, so that one sees what a child leaves behind. */
export function makeOpenDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'pt-'));
  chmodSync(directory, 0o1777);
  return directory;
}

export interface ChildWishes {
  compiled: string;
  temporary: string;
  tls: { key: string; cert: string };
  options?: LocalPostgresOptions;
  then?: 'exit' | 'stop' | 'wait' | 'ask when interrupted';
  identity?: { uid: number; gid: number };
  cwd?: string;
}

export type ChildLine = Partial<{
  directory: string;
  pid: number;
  port: number;
  stopped: boolean;
  listening: boolean;
  asked: number;
  failed: string;
  message: string;
}>;

/** A process of its own that starts the local PostgreSQL. */
export class PostgresChild {
  readonly lines: ChildLine[] = [];
  readonly process: ChildProcess;
  readonly exited: Promise<void>;

  constructor(private readonly wishes: ChildWishes) {
    const {
      compiled,
      temporary,
      tls,
      options = {},
      then = 'wait',
      identity = {},
      cwd = process.cwd(),
    } = wishes;
    const argument = JSON.stringify({ options, tls, then });
    this.process = spawn(process.execPath, [join(compiled, 'program.js'), argument], {
      ...identity,
      cwd,
      env: { PATH: process.env.PATH, TMPDIR: temporary },
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.exited = new Promise((resolve) => this.process.once('close', () => resolve()));
    if (!this.process.stdout) throw new Error('no output');
    createInterface(this.process.stdout).on('line', (line) => this.lines.push(JSON.parse(line) as ChildLine));
  }

  /** Waits for a line with this key. */
  async said<K extends keyof ChildLine>(key: K): Promise<NonNullable<ChildLine[K]>> {
    for (let round = 0; round < 2000; round += 1) {
      const value = this.lines.find((line) => line[key] !== undefined)?.[key];
      if (value !== undefined) return value;
      await sleep(5);
    }
    throw new Error(`The child never said "${key}": ${JSON.stringify(this.lines)}`);
  }

  /** What is left of it but the template of later clusters: files, and processes that mention its directory. */
  leftovers(): string[] {
    const files = filesBesidesTemplate(this.wishes.temporary);
    const { stdout } = spawnSync('ps', ['-eo', 'stat,args'], { encoding: 'utf8' });
    const processes = stdout
      .split('\n')
      .filter((line) => line.includes(this.wishes.temporary) && !line.startsWith('Z'));
    return [...files, ...processes];
  }

  async leftoversWithin(milliseconds: number): Promise<string[]> {
    const limit = performance.now() + milliseconds;
    const wait = async (whileThereAre: () => string[]): Promise<void> => {
      while (whileThereAre().length > 0 && performance.now() < limit) await sleep(10);
    };
    // Files are what goes last, and a look at them takes a hundredth of one at all processes.
    await wait(() => filesBesidesTemplate(this.wishes.temporary));
    await wait(() => this.leftovers());
    return this.leftovers();
  }

  end(): void {
    this.process.kill('SIGKILL');
    rmSync(this.wishes.temporary, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  }
}

/** Lets the next child start from the template that one before it has made. */
export function moveTemplates(from: string, to: string): void {
  for (const name of readdirSync(from)) if (template.test(name)) renameSync(join(from, name), join(to, name));
}
