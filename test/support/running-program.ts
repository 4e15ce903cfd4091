import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { repositoryRoot } from './build.js';
import { filesBesidesTemplate, linkTemplates } from './cluster-templates.js';
import type { SecretScan } from './secret-scan.js';

export interface ProgramOptions {
  cwd?: string;
  /** Variables to set, or to unset with `undefined`. */
  env?: Record<string, string | undefined>;
  /** Looks through everything that the program puts out. */
  scan?: SecretScan;
  /** How the program is called in the findings of the scan. */
  name?: string;
  /** Makes the program the head of a group of its own, as a shell does with what is typed into a terminal. */
  ownGroup?: boolean;
  /** Gives the program the template of a cluster that this process has. */
  startsPostgres?: boolean;
}

export interface ProgramEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
}

// What the test runner sets for itself, and what would lead the program to a real Azure.
const notInherited = /^(NODE_OPTIONS|NODE_ENV|JEST_WORKER_ID|PORT|PG.*|AZURE_.*|IDENTITY_.*|MSI_.*|npm_.*)$/;
const pollInMs = 20;

/** A program that runs alongside the test, with a temporary directory of its own to see what it leaves behind. */
export class RunningProgram {
  readonly ended: Promise<ProgramEnd>;
  readonly process: ChildProcess;
  output = '';
  readonly #temporary = mkdtempSync(join(tmpdir(), 'e2e-'));

  /** Runs a program of Node.js. */
  static node(args: readonly string[], options: ProgramOptions = {}): RunningProgram {
    return new RunningProgram(process.execPath, args, options);
  }

  constructor(program: string, args: readonly string[], options: ProgramOptions = {}) {
    // Other users must be able to enter: as root, PostgreSQL runs as one.
    chmodSync(this.#temporary, 0o1777);
    const {
      cwd = repositoryRoot,
      env,
      scan,
      name = [program, ...args].join(' '),
      ownGroup = false,
      startsPostgres = false,
    } = options;
    if (startsPostgres) linkTemplates(this.#temporary);
    const inherited = Object.entries(process.env).filter(([variable]) => !notInherited.test(variable));
    this.process = spawn(program, [...args], {
      cwd,
      env: {
        ...Object.fromEntries(inherited),
        TMPDIR: this.#temporary,
        NO_COLOR: '1',
        // The compiler would leave its own in the temporary directory, from Node.js 22 on.
        NODE_DISABLE_COMPILE_CACHE: '1',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: ownGroup,
    });
    for (const stream of ['stdout', 'stderr'] as const) {
      this.process[stream]?.setEncoding('utf8').on('data', (chunk: string) => {
        this.output += chunk;
        scan?.text(`${stream} of ${name}`, chunk);
      });
    }
    this.ended = new Promise((resolve) => {
      this.process.once('close', (code, signal) => resolve({ code, signal }));
    });
  }

  /** Waits until the program has said it; the first group of the pattern, or all that matched. */
  async said(pattern: RegExp, timeoutInMs = 120_000): Promise<string> {
    const deadline = performance.now() + timeoutInMs;
    for (;;) {
      const match = pattern.exec(this.output);
      if (match !== null) return match[1] ?? match[0];
      if (this.#hasEnded || performance.now() > deadline) {
        throw new Error(`The program did not say ${pattern} in ${timeoutInMs} ms. It said:\n${this.output}`);
      }
      await sleep(pollInMs);
    }
  }

  /** Asks a program that listens for messages, and waits for its answer. */
  async ask<Answer>(question: string, timeoutInMs = 60_000): Promise<Answer> {
    const answer = new Promise<Answer>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`No answer to "${question}":\n${this.output}`)),
        timeoutInMs,
      );
      this.process.once('message', (message) => {
        clearTimeout(timer);
        resolve(message as Answer);
      });
    });
    this.process.send(question);
    return answer;
  }

  /** Waits for the program to end by itself, or after a signal. */
  async end(signal?: NodeJS.Signals, timeoutInMs = 60_000): Promise<ProgramEnd> {
    if (signal !== undefined) this.process.kill(signal);
    const end = await Promise.race([this.ended, sleep(timeoutInMs, undefined, { ref: false })]);
    if (end === undefined) throw new Error(`The program did not end in ${timeoutInMs} ms:\n${this.output}`);
    return end;
  }

  /** Files of the program that still exist, and processes that work on them; empty when all is well. */
  async leftovers(patienceInMs = 30_000): Promise<string[]> {
    const deadline = performance.now() + patienceInMs;
    const wait = async (whileThereAre: () => string[]): Promise<void> => {
      while (whileThereAre().length > 0 && performance.now() < deadline) await sleep(pollInMs);
    };
    // Files are what goes last, and a look at them takes a hundredth of one at all processes.
    await wait(() => this.#files());
    await wait(() => this.belongings());
    return this.belongings();
  }

  /** Its files, and the processes that work on them. */
  belongings(): string[] {
    const { stdout } = spawnSync('ps', ['-eo', 'pid,stat,args'], { encoding: 'utf8' });
    const isAlive = (line: string): boolean => !/^\s*\d+ Z/.test(line);
    const processes = stdout.split('\n').filter((line) => line.includes(this.#temporary) && isAlive(line));
    return [...this.#files(), ...processes.map((line) => line.trim())];
  }

  /** Whatever happened, nothing stays. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#hasEnded) this.process.kill('SIGKILL');
    await this.ended;
    await this.leftovers();
    rmSync(this.#temporary, { recursive: true, force: true });
  }

  #files(): string[] {
    return filesBesidesTemplate(this.#temporary);
  }

  get #hasEnded(): boolean {
    return this.process.exitCode !== null || this.process.signalCode !== null;
  }
}
