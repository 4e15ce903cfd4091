import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';

export interface JestRun {
  mutant?: number;
  /** The file to note hits in. */
  hits?: string;
  /** Absolute paths, the quickest first. */
  tests: readonly string[];
  /** Whether to stop after the first file that fails. */
  bail: boolean;
}

export interface JestResult {
  failed: boolean;
  files: { file: string; failed: boolean; millis: number }[];
  /** Why there is no result: the process ended or took too long. */
  error?: string;
}

// What Jest leaves behind of each run adds up.
const mostRuns = 15;

/** Runs Jest in a process that it replaces when that has hung, ended or grown. */
export class JestRunner {
  #child: ChildProcess | undefined;
  #runs = 0;

  constructor(private readonly directory: string) {}

  async run(run: JestRun, timeoutInMs: number): Promise<JestResult> {
    if (this.#runs >= mostRuns) this.stop();
    this.#child ??= this.#start();
    this.#runs++;
    const result = await this.#answer(this.#child, run, timeoutInMs);
    if (result.error !== undefined) this.stop();
    return result;
  }

  stop(): void {
    this.#child?.kill('SIGKILL');
    this.#child = undefined;
    this.#runs = 0;
  }

  #start(): ChildProcess {
    return fork(join(this.directory, 'test/mutation/jest-process.mjs'), {
      cwd: this.directory,
      execArgv: ['--experimental-vm-modules', '--no-warnings', '--max-old-space-size=3000'],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
  }

  #answer(child: ChildProcess, run: JestRun, timeoutInMs: number): Promise<JestResult> {
    return new Promise((resolve) => {
      const end = (result: JestResult): void => {
        clearTimeout(timer);
        child.removeAllListeners();
        resolve(result);
      };
      const fail = (error: string): void => end({ failed: true, files: [], error });
      const timer = setTimeout(() => fail('took too long'), timeoutInMs);
      child.once('message', (message) => end(message as JestResult));
      child.once('exit', () => fail('the process ended'));
      child.once('error', (error) => fail(error.message));
      child.send({ directory: this.directory, ...run });
    });
  }
}
