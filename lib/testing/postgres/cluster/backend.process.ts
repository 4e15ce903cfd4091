import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { LocalPostgresError } from '../local-postgres.error.js';
import type { BackendUser } from './backend-user.js';
import { backendProcessOptions } from './program.runner.js';

const POLL_IN_MS = 10;
const START_LIMIT_IN_MS = 60_000;
const STOP_GRACE_IN_MS = 10_000;

/** Where things are. */
export interface BackendPaths {
  program: string;
  dataDirectory: string;
  logFile: string;
}

/** A `postgres` that can be started and stopped, again and again. */
export class BackendProcess {
  private child: ChildProcess | undefined;

  /** @param onSpawn is told the process id as soon as there is one. */
  constructor(
    private readonly paths: BackendPaths,
    private readonly user: BackendUser['identity'],
    private readonly onSpawn: (pid: number) => void,
  ) {}

  /** Starts PostgreSQL and waits until it takes connections. @throws LocalPostgresError */
  async start(): Promise<void> {
    const log = openSync(this.paths.logFile, 'a', 0o600);
    const options = {
      ...backendProcessOptions(this.user),
      stdio: ['ignore', log, log] as ('ignore' | number)[],
    };
    const child = spawn(this.paths.program, ['-D', this.paths.dataDirectory], options);
    closeSync(log);
    this.child = child;
    if (child.pid !== undefined) this.onSpawn(child.pid);
    child.on('error', () => undefined);
    // The database keeps no process alive: when that exits, the watchdog stops the database.
    child.unref();
    await this.ready(child);
  }

  /** Stops it: open transactions are rolled back and what was committed is on disk. */
  async stop(): Promise<void> {
    const child = this.child;
    if (!child || hasEnded(child)) return;
    child.ref();
    const ended = once(child, 'exit');
    // SIGINT is PostgreSQL's "fast" shutdown; it does not wait for clients to leave.
    child.kill('SIGINT');
    const impatience = setTimeout(() => child.kill('SIGKILL'), STOP_GRACE_IN_MS);
    await ended;
    clearTimeout(impatience);
  }

  private async ready(child: ChildProcess): Promise<void> {
    const limit = Date.now() + START_LIMIT_IN_MS;
    while (!this.reportsReady(child)) {
      if (hasEnded(child) || Date.now() > limit) {
        await this.stop();
        throw new LocalPostgresError('start-failed', `PostgreSQL did not start:\n${this.lastLogLines()}`);
      }
      await sleep(POLL_IN_MS);
    }
  }

  /** The last line of this file is how PostgreSQL tells its own `pg_ctl`; a connection attempt would be logged. */
  private reportsReady({ pid }: ChildProcess): boolean {
    const lines = readIfThere(join(this.paths.dataDirectory, 'postmaster.pid')).trimEnd().split('\n');
    return Number(lines[0]) === pid && lines.at(-1)?.trim() === 'ready';
  }

  private lastLogLines(): string {
    return readIfThere(this.paths.logFile).trimEnd().split('\n').slice(-20).join('\n');
  }
}

function hasEnded({ pid, exitCode, signalCode }: ChildProcess): boolean {
  return pid === undefined || exitCode !== null || signalCode !== null;
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
