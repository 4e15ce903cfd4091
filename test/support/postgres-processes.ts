import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { LocalPostgres } from '../../lib/testing/postgres/index.js';

/** The processes of a server: the one that accepts connections, one for each connection, and its helpers. */
export class PostgresProcesses {
  readonly #server: LocalPostgres;
  #halted: number[] = [];

  constructor(server: LocalPostgres) {
    this.#server = server;
  }

  /** Halts all of them, as a machine that hangs does: connections stay open, and nothing is answered. */
  async halt(): Promise<void> {
    const [row] = await this.#server.query<{ data_directory: string }>('SHOW data_directory');
    const file = join(row?.data_directory ?? '', 'postmaster.pid');
    const main = Number(readFileSync(file, 'utf8').split('\n')[0]);
    process.kill(main, 'SIGSTOP');
    // It starts no others from here on.
    this.#halted = [main, ...running().flatMap(({ pid, parent }) => (parent === main ? [pid] : []))];
    this.#signal('SIGSTOP');
  }

  /** Lets them go on. */
  proceed(): void {
    this.#signal('SIGCONT');
    this.#halted = [];
  }

  /** Kills all of them at once, as a power failure does, and waits until they have ended. */
  async kill(): Promise<void> {
    await this.halt();
    const killed = this.#halted;
    this.#signal('SIGKILL');
    this.#halted = [];
    while (running().some(({ pid }) => killed.includes(pid))) await sleep(10);
  }

  #signal(signal: NodeJS.Signals): void {
    for (const pid of this.#halted) {
      try {
        process.kill(pid, signal);
      } catch {
        // It has ended meanwhile.
      }
    }
  }
}

/** The processes of the machine that have not ended. */
function running(): { pid: number; parent: number }[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,stat='], { encoding: 'utf8' }).trim().split('\n');
  const fields = lines.map((line) => line.trim().split(/\s+/));
  const alive = fields.filter(([, , state]) => state?.startsWith('Z') === false);
  return alive.map(([pid, parent]) => ({ pid: Number(pid), parent: Number(parent) }));
}
