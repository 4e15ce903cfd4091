import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { accessSync, constants, mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Watchdog } from '../watchdog.js';
import type { LocalRedisOptions } from './local-redis.js';
import { encodeRequest } from './request.parser.js';

const administrator = { name: 'gate', password: randomUUID() };

/** A real `redis-server` on a Unix socket. Its default user is off, so that only the gate in front lets clients in. */
export class RedisProcess {
  readonly #directory = join(tmpdir(), `local-redis-${randomUUID().slice(0, 8)}`);
  readonly #program: string | undefined;
  readonly #arguments: readonly string[];
  readonly #watchdog: Watchdog;
  #process: ChildProcess | undefined;
  #administration: Administration | undefined;

  constructor({ program, settings = {} }: LocalRedisOptions, watchdog: Watchdog) {
    this.#program = program ?? findProgram('redis-server');
    this.#watchdog = watchdog;
    const all = {
      port: 0,
      unixsocket: this.socketPath,
      dir: this.#directory,
      save: '',
      appendonly: 'no',
      ...settings,
    };
    const everything = ['~*', '&*', '+@all'];
    this.#arguments = [
      ...Object.entries(all).flatMap(([name, value]) => [`--${name}`, String(value)]),
      ...['--user', administrator.name, 'on', `>${administrator.password}`, ...everything],
      // Nothing logs in as it, but Redis reads transactions back from the append-only file with its rights.
      ...['--user', 'default', 'off', ...everything],
    ];
  }

  get socketPath(): string {
    return join(this.#directory, 'redis.sock');
  }

  /** @throws Error when the program is not found, or when it ends */
  async start(): Promise<void> {
    if (this.#program === undefined) throw new Error(notInstalled);
    this.#watchdog.removeDirectory(this.#directory);
    mkdirSync(this.#directory, { mode: 0o700, recursive: true });
    const child = spawn(this.#program, this.#arguments, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => (output = `${output}${chunk.toString()}`.slice(-1_000)));
    }
    await once(child, 'spawn');
    this.#process = child;
    if (child.pid !== undefined) this.#watchdog.stopProcess(child.pid);
    for (;;) {
      if (child.exitCode !== null) {
        throw new Error(`redis-server ended with ${child.exitCode}. ${output.trim()}`);
      }
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
    if (this.#administration === undefined)
      return Promise.reject(new Error('redis-server has not been started.'));
    return this.#administration.send(request);
  }

  /** Ends it at once, with all that it holds. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#administration?.close();
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  async stop(): Promise<void> {
    await this.kill();
    await rm(this.#directory, { recursive: true, force: true });
  }
}

const notInstalled =
  'The program "redis-server" is not on PATH. Install it: `apt-get install redis-server` on Debian and Ubuntu, ' +
  '`brew install redis` on macOS, or give its path as "redis.program".';

/** Finds a program on PATH, or where Debian puts servers. */
function findProgram(program: string): string | undefined {
  const directories = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return directories.map((directory) => join(directory, program)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** One connection, one command at a time. */
class Administration {
  #last: Promise<unknown> = Promise.resolve();
  readonly #ended = new AbortController();

  private constructor(readonly socket: Socket) {
    socket.on('error', () => undefined);
    socket.on('close', () => this.#ended.abort(new Error('redis-server has ended.')));
  }

  /** @throws Error while the server is reading its files */
  static async open(path: string): Promise<Administration> {
    const socket = connect(path);
    await once(socket, 'connect');
    const administration = new Administration(socket);
    try {
      await administration.send(['AUTH', administrator.name, administrator.password]);
      await administration.send(['PING']);
      return administration;
    } catch (error) {
      administration.close();
      throw error;
    }
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
    const signal = AbortSignal.any([this.#ended.signal, AbortSignal.timeout(5_000)]);
    this.socket.write(encodeRequest(request));
    let reply = '';
    while (!isWhole(reply)) {
      const [chunk] = (await once(this.socket, 'data', { signal })) as [Buffer];
      reply += chunk.toString('latin1');
    }
    if (reply.startsWith('-')) throw new Error(reply.trim());
    return reply;
  }
}

/** Good for one line and one bulk string; no command of the gate gets another reply. */
function isWhole(reply: string): boolean {
  const bulk = /^\$(\d+)\r\n/.exec(reply);
  return bulk === null ? reply.endsWith('\r\n') : reply.length >= bulk[0].length + Number(bulk[1]) + 2;
}
