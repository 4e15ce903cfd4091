import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { findProgram } from '../installed-server.js';
import { encodeRequest } from './request.parser.js';

const administrator = { name: 'gate', password: 'of the tests' };

/** A real `redis-server` on a Unix socket. Its default user is off, so that only the gate in front lets clients in. */
export class RedisServer {
  readonly #directory = mkdtempSync(join(tmpdir(), 'redis-'));
  readonly #arguments: readonly string[];
  #process: ChildProcess | undefined;
  #administration: Administration | undefined;

  constructor(settings: Readonly<Record<string, string | number>> = {}) {
    const all = {
      port: 0,
      unixsocket: this.socketPath,
      dir: this.#directory,
      save: '',
      appendonly: 'no',
      ...settings,
    };
    const user = ['--user', administrator.name, 'on', `>${administrator.password}`, '~*', '&*', '+@all'];
    this.#arguments = [
      ...Object.entries(all).flatMap(([name, value]) => [`--${name}`, String(value)]),
      ...user,
      ...['--user', 'default', 'off'],
    ];
  }

  get socketPath(): string {
    return join(this.#directory, 'redis.sock');
  }

  async start(): Promise<void> {
    const child = spawn(findProgram('redis-server') ?? 'redis-server', this.#arguments, { stdio: 'ignore' });
    this.#process = child;
    process.once('exit', this.#kill);
    await once(child, 'spawn');
    for (;;) {
      if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}.`);
      try {
        this.#administration = await Administration.open(this.socketPath);
        return;
      } catch {
        await sleep(20);
      }
    }
  }

  /** Sends a command as an administrator, and returns the reply as it came. */
  command(...request: string[]): Promise<string> {
    if (this.#administration === undefined) throw new Error('redis-server has not been started.');
    return this.#administration.send(request);
  }

  /** Ends it at once, with all that it holds. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#administration?.close();
    process.off('exit', this.#kill);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  readonly #kill = (): void => {
    this.#process?.kill('SIGKILL');
  };
}

/** One connection, one command at a time. */
class Administration {
  #last: Promise<unknown> = Promise.resolve();

  private constructor(readonly socket: Socket) {
    socket.on('error', () => undefined);
  }

  static async open(path: string): Promise<Administration> {
    const socket = connect(path);
    await once(socket, 'connect');
    const administration = new Administration(socket);
    await administration.send(['AUTH', administrator.name, administrator.password]);
    return administration;
  }

  send(request: readonly string[]): Promise<string> {
    const reply = this.#last.then(() => this.#exchange(request));
    this.#last = reply.catch(() => undefined);
    return reply;
  }

  close(): void {
    this.socket.destroy();
  }

  async #exchange(request: readonly string[]): Promise<string> {
    this.socket.write(encodeRequest(request));
    let reply = '';
    while (!isWhole(reply)) {
      const [chunk] = (await once(this.socket, 'data', { signal: AbortSignal.timeout(5_000) })) as [Buffer];
      reply += chunk.toString('latin1');
    }
    if (reply.startsWith('-')) throw new Error(reply.trim());
    return reply;
  }
}

/** Good for one line and one bulk string; no command of the tests gets another reply. */
function isWhole(reply: string): boolean {
  const bulk = /^\$(\d+)\r\n/.exec(reply);
  return bulk === null ? reply.endsWith('\r\n') : reply.length >= bulk[0].length + Number(bulk[1]) + 2;
}
