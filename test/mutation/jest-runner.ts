import { fork, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface JestRun {
  /** Absolute paths of test files, in their order. */
  files: readonly string[];
  /** The mutants that a survey tries. */
  live?: readonly number[];
  /** One mutant for the whole run, and the numbers of the tests to run in each file. */
  single?: { id: number; tests: Record<string, number[]> };
}

/** What the process reports while it runs. */
export type JestReport =
  | { kind: 'run'; file: string; id?: number }
  | { kind: 'test'; file: string; number: number; failed: boolean; hits: number[] }
  | { kind: 'undecided'; file: string; ids: number[] }
  | { kind: 'noticed'; file: string; number: number; id: number }
  | { kind: 'file'; file: string; millis: number; hits: number[] }
  | { kind: 'end'; failed: boolean; error?: string };

export interface JestEnd {
  failed: boolean;
  /** Why the run has no end of its own: the process ended, or reported nothing for too long. */
  error?: string;
}

// What Jest leaves behind of each run adds up.
const mostFiles = 24;
const longestSilenceInMs = 600_000;
// On a busy machine a process may be silent for long, but not while it works.
const longestWorkInSeconds = 30;

/** Runs Jest in a process that it replaces when that has hung, ended or grown. */
export class JestRunner {
  #child: ChildProcess | undefined;
  #files = 0;

  constructor(private readonly directory: string) {}

  async run(run: JestRun, report: (report: JestReport) => void): Promise<JestEnd> {
    if (this.#files > 0 && this.#files + run.files.length > mostFiles) this.stop();
    this.#child ??= this.#start();
    this.#files += run.files.length;
    const end = await this.#follow(this.#child, run, report);
    if (end.error !== undefined) this.stop();
    return end;
  }

  stop(): void {
    this.#child?.kill('SIGKILL');
    this.#child = undefined;
    this.#files = 0;
  }

  #start(): ChildProcess {
    return fork(join(this.directory, 'test/mutation/jest-process.mjs'), {
      cwd: this.directory,
      execArgv: ['--experimental-vm-modules', '--no-warnings', '--max-old-space-size=3000'],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
  }

  #follow(child: ChildProcess, run: JestRun, report: (report: JestReport) => void): Promise<JestEnd> {
    return new Promise((resolve) => {
      let worked = cpuSeconds(child);
      const end = (result: JestEnd): void => {
        clearTimeout(timer);
        clearInterval(watch);
        child.removeAllListeners();
        resolve(result);
      };
      const fail = (error: string): void => end({ failed: true, error });
      const timer = setTimeout(() => fail('took too long'), longestSilenceInMs);
      const watch = setInterval(() => {
        if (cpuSeconds(child) - worked > longestWorkInSeconds) fail('took too long');
      }, 1_000);
      child.on('message', (message) => {
        timer.refresh();
        worked = cpuSeconds(child);
        const received = message as JestReport;
        if (received.kind === 'end') end(received);
        else report(received);
      });
      child.once('exit', () => fail('the process ended'));
      child.once('error', (error) => fail(error.message));
      child.send({ directory: this.directory, ...run });
    });
  }
}

/** Processor time of a process, where the system tells it. */
function cpuSeconds({ pid }: ChildProcess): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return 0;
  }
}
