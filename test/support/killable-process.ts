import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

export interface KillableProcessOptions {
  /** What the process is told, as JSON in the variable `REPLICA`. */
  settings: unknown;
  /** Is called with each line, in words. The first line of all is `ready`. */
  hear: (word: string, rest: string) => void;
  /** Is called with what comes on standard error. */
  complain: (text: string) => void;
}

/** A replica in a process of its own, which takes and gives lines, and may be killed at any time. */
export class KillableProcess {
  readonly ready: Promise<void>;
  /** Whether it takes lines. */
  isReady = false;
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #ended: Promise<void>;
  #begins: () => void = () => undefined;

  constructor(program: string, { settings, hear, complain }: KillableProcessOptions) {
    this.ready = new Promise((resolve) => {
      this.#begins = () => {
        this.isReady = true;
        resolve();
      };
    });
    const env = { PATH: process.env['PATH'], REPLICA: JSON.stringify(settings) };
    this.#process = spawn(process.execPath, [program], { env, stdio: ['pipe', 'pipe', 'pipe'] });
    // What is written to a process that was killed is lost with it.
    this.#process.stdin.on('error', () => undefined);
    const lines = createInterface({ input: this.#process.stdout });
    lines.on('line', (line) => {
      const [word = ''] = line.split(' ', 1);
      if (word === 'ready') this.#begins();
      hear(word, line.slice(word.length + 1));
    });
    this.#process.stderr.setEncoding('utf8').on('data', complain);
    const closed = new Promise<void>((resolve) => this.#process.once('close', () => resolve()));
    const read = new Promise<void>((resolve) => lines.once('close', resolve));
    this.#ended = Promise.all([closed, read]).then(() => undefined);
  }

  /** Sends a line. */
  tell(line: string): void {
    this.#process.stdin.write(`${line}\n`);
  }

  /** Kills it, and waits until everything that it said is heard. */
  async kill(): Promise<void> {
    this.isReady = false;
    this.#process.kill('SIGKILL');
    await this.#ended;
  }

  /** Asks it to end, and waits for that. */
  async stop(): Promise<{ exitCode: number | null; signalCode: NodeJS.Signals | null }> {
    await this.ready;
    this.#process.kill('SIGTERM');
    await this.#ended;
    const { exitCode, signalCode } = this.#process;
    return { exitCode, signalCode };
  }
}
