import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { findProgram } from '../installed-server.js';

/** A real `redis-server` on a Unix socket, without a password, that can be killed, halted and started anew. */
export class PlainRedis implements AsyncDisposable {
  readonly #directory = mkdtempSync(join(tmpdir(), 'plain-redis-'));
  #process: ChildProcess | undefined;

  static async start(): Promise<PlainRedis> {
    const redis = new PlainRedis();
    await redis.start();
    return redis;
  }

  get socketPath(): string {
    return join(this.#directory, 'redis.sock');
  }

  async start(): Promise<void> {
    const settings = ['--port', '0', '--unixsocket', this.socketPath, '--save', '', '--dir', this.#directory];
    const child = spawn(findProgram('redis-server') ?? 'redis-server', settings, { stdio: 'ignore' });
    this.#process = child;
    await once(child, 'spawn');
    while (!(await this.#accepts())) {
      if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}.`);
      await sleep(10);
    }
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#process?.kill(signal);
  }

  /** Ends it at once, with all that it holds. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    rmSync(this.socketPath, { force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async #accepts(): Promise<boolean> {
    const socket = connect(this.socketPath);
    try {
      await once(socket, 'connect');
      return true;
    } catch {
      return false;
    } finally {
      socket.destroy();
    }
  }
}
