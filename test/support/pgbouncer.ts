import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { CertificateAuthority } from '../../lib/testing/certificates/certificate-authority.js';
import { chooseBackendUser } from '../../lib/testing/postgres/cluster/backend-user.js';
import { findProgram } from './installed-server.js';

interface PgBouncerOptions {
  /** Directory of the socket of the PostgreSQL behind it. */
  socketDirectory: string;
  /** A superuser there, as whom every client gets in. */
  superuser: string;
  database: string;
  /** Settings of its own, as in `pgbouncer.ini`. */
  settings?: Readonly<Record<string, string>>;
}

/** A real PgBouncer that takes passwords in clear over TLS, as Azure's takes tokens. */
export class PgBouncer {
  readonly host = 'localhost';
  #process: ChildProcess | undefined;

  private constructor(
    readonly port: number,
    readonly certificateAuthority: string,
    readonly database: string,
    readonly directory: string,
  ) {}

  static async start(options: PgBouncerOptions): Promise<PgBouncer> {
    const authority = new CertificateAuthority();
    const { key, cert } = authority.issueServerCertificate();
    const directory = mkdtempSync(join(tmpdir(), 'pgbouncer-'));
    const server = new PgBouncer(await freePort(), authority.certificate, options.database, directory);
    server.#write('key.pem', key);
    server.#write('cert.pem', cert);
    server.#write('pgbouncer.ini', server.#settings(options));
    server.#write('users.txt', '');
    try {
      await server.#run();
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** Lets a role in with these passwords alone; others keep theirs no longer. */
  async accept(role: string, password: string): Promise<void> {
    this.#write('users.txt', `"${role}" "${password}"\n`);
    const reloads = (): number => this.log().split('got SIGHUP').length;
    const before = reloads();
    this.#process?.kill('SIGHUP');
    while (reloads() === before) await sleep(10);
  }

  log(): string {
    return readFileSync(join(this.directory, 'log'), 'utf8');
  }

  async stop(): Promise<void> {
    const child = this.#process;
    if (child?.pid !== undefined && child.exitCode === null) {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    }
    rmSync(this.directory, { recursive: true, force: true });
  }

  #settings({ socketDirectory, superuser, database, settings = {} }: PgBouncerOptions): string {
    const all = {
      listen_addr: '127.0.0.1',
      listen_port: String(this.port),
      unix_socket_dir: '',
      auth_type: 'plain',
      auth_file: join(this.directory, 'users.txt'),
      client_tls_sslmode: 'require',
      client_tls_key_file: join(this.directory, 'key.pem'),
      client_tls_cert_file: join(this.directory, 'cert.pem'),
      logfile: join(this.directory, 'log'),
      ...settings,
    };
    const lines = Object.entries(all).map(([name, value]) => `${name} = ${value}\n`);
    const target = `host=${socketDirectory} port=5432 user=${superuser} dbname=${database}`;
    return `[databases]\n${database} = ${target}\n[pgbouncer]\n${lines.join('')}`;
  }

  async #run(): Promise<void> {
    const program = findProgram('pgbouncer') ?? 'pgbouncer';
    const { identity } = chooseBackendUser();
    this.#give(this.directory);
    chmodSync(this.directory, 0o700);
    const child = spawn(program, [join(this.directory, 'pgbouncer.ini')], {
      ...identity,
      cwd: '/',
      stdio: 'ignore',
    });
    this.#process = child;
    await once(child, 'spawn');
    while (!(await answers(this.port))) {
      if (child.exitCode !== null) throw new Error(`PgBouncer ended: ${this.log()}`);
      await sleep(20);
    }
  }

  #write(name: string, content: string): void {
    const path = join(this.directory, name);
    writeFileSync(path, content, { mode: 0o600 });
    this.#give(path);
  }

  /** PgBouncer refuses to run as root, as PostgreSQL does. */
  #give(path: string): void {
    const { uid, gid } = chooseBackendUser().identity;
    if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
