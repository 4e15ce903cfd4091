import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import mysql, { type RowDataPacket } from 'mysql2/promise';

import { findProgram } from '../installed-server.js';

export const mariaDbServer = { program: 'mariadbd', debianPackage: 'mariadb-server' };

/** A real MariaDB on a local socket alone, whose users have no passwords: what stands before it checks them. */
export class MariaDb implements AsyncDisposable {
  readonly socketPath: string;
  #process: ChildProcess | undefined;

  private constructor(readonly directory: string) {
    this.socketPath = join(directory, 'socket');
  }

  /** @param users who may log in, to the database `notes` */
  static async start(users: readonly string[]): Promise<MariaDb> {
    const server = new MariaDb(mkdtempSync(join(tmpdir(), 'mariadb-')));
    try {
      server.#install();
      await server.#run();
      await server.query('create database notes');
      for (const user of users) {
        await server.query('create user ?@localhost', [user]);
        await server.query('grant all on notes.* to ?@localhost', [user]);
      }
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Asks as root. */
  async query(sql: string, values: string[] = []): Promise<RowDataPacket[]> {
    const connection = await mysql.createConnection({ socketPath: this.socketPath, user: 'root' });
    try {
      return (await connection.query<RowDataPacket[]>(sql, values))[0];
    } finally {
      await connection.end();
    }
  }

  /** How many sessions a user has. */
  async sessions(user: string): Promise<number> {
    const found = await this.query('select id from information_schema.processlist where user = ?', [user]);
    return found.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#process;
    if (child?.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    }
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** MariaDB refuses to run as root, unless it is told to. */
  get #common(): string[] {
    const asRoot = process.getuid?.() === 0 ? ['--user=root'] : [];
    return [
      '--no-defaults',
      `--datadir=${join(this.directory, 'data')}`,
      '--innodb-log-file-size=4M',
      ...asRoot,
    ];
  }

  #install(): void {
    const options = ['--auth-root-authentication-method=normal', '--skip-test-db'];
    const program = findProgram('mariadb-install-db') ?? 'mariadb-install-db';
    const { status, stderr } = spawnSync(program, [...this.#common, ...options], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`mariadb-install-db failed: ${stderr}`);
  }

  async #run(): Promise<void> {
    const own = [`--socket=${this.socketPath}`, `--pid-file=${join(this.directory, 'pid')}`];
    const log = join(this.directory, 'log');
    const options = [...this.#common, ...own, '--skip-networking', `--log-error=${log}`];
    const child = spawn(findProgram('mariadbd') ?? 'mariadbd', options, { stdio: 'ignore' });
    this.#process = child;
    await once(child, 'spawn');
    while (!(await this.#answers())) {
      if (child.exitCode !== null) throw new Error(`MariaDB ended: ${readFileSync(log, 'utf8')}`);
      await sleep(20);
    }
  }

  async #answers(): Promise<boolean> {
    return this.query('select 1').then(
      () => true,
      () => false,
    );
  }
}
