import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { startLocalEntra } from '../../../lib/testing/index.js';
import { startWatchdog } from '../../../lib/testing/watchdog.js';
import { askForToken, send } from './local-entra.fixture.js';
import { compileProgram } from './postgres-child.fixture.js';

describe('The life of a local Entra', () => {
  it('does not begin in production, unless told', async () => {
    const { NODE_ENV: before } = process.env;
    process.env.NODE_ENV = 'production';
    try {
      await expect(startLocalEntra()).rejects.toThrow('NODE_ENV=production');
      await (await startLocalEntra({ allowInProduction: true })).stop();
    } finally {
      process.env.NODE_ENV = before;
    }
  });

  it('stops in spite of requests that hang, and may be stopped again', async () => {
    const entra = await startLocalEntra();
    await entra.faults.set('token', { kind: 'hang-before-headers' });
    await entra.faults.set('discovery', { kind: 'hang-in-body' });
    const configuration = `${entra.authorityHost}/${entra.tenantId}/v2.0/.well-known/openid-configuration`;
    const hung = [askForToken(entra), send(entra, configuration)].map((response) =>
      response.catch(() => 'cut'),
    );
    // A client that connects and sends nothing hangs in the handshake.
    const silent = connect(Number(new URL(entra.authorityHost).port), '127.0.0.1');
    const silenced = new Promise((resolve) => silent.once('close', resolve));
    silent.on('error', () => undefined);
    while (entra.requests.total < 2) await sleep(2);
    entra.latencyInMs = 60_000;
    hung.push(send(entra, `${entra.graphUrl}/v1.0/me`).catch(() => 'cut'));
    while (entra.requests.graph < 1) await sleep(2);

    const started = performance.now();
    await entra.stop();
    await entra.stop();
    // Before the clients give up by themselves.
    expect(performance.now() - started).toBeLessThan(4_000);
    expect(await Promise.all(hung)).toEqual(['cut', 'cut', 'cut']);
    await silenced;
    await expect(askForToken(entra)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    // What is set or cleared afterwards must not open a port again.
    await entra.faults.clear();
    await expect(askForToken(entra)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('writes files only when they are asked for, for this user only, and removes them', async () => {
    let directory: string;
    {
      await using entra = await startLocalEntra();
      directory = dirname(entra.client.certificatePath);
      expect(statSync(directory).mode & 0o777).toBe(0o700);
      expect(statSync(entra.client.certificatePath).mode & 0o777).toBe(0o600);
      expect(readdirSync(directory)).toHaveLength(1);
      expect(dirname(entra.client.federatedTokenFile)).toBe(directory);
      expect(dirname(entra.certificateAuthorityFile)).toBe(directory);
      expect(readdirSync(directory)).toHaveLength(3);
    }
    expect(existsSync(directory)).toBe(false);
  });

  it('leaves nothing running when its port is taken', async () => {
    await using first = await startLocalEntra();
    const port = Number(new URL(first.authorityHost).port);
    await expect(startLocalEntra({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('comes back on the port that was asked for', async () => {
    const first = await startLocalEntra();
    const port = Number(new URL(first.authorityHost).port);
    await first.stop();
    await using second = await startLocalEntra({ port });
    expect(second.authorityHost).toBe(first.authorityHost);
    expect(second.client.clientId).toBe(first.client.clientId);
    expect(second.client.clientSecret).not.toBe(first.client.clientSecret);
  });

  it('answers while the test runner has faked the timers', async () => {
    await using entra = await startLocalEntra({ latencyInMs: 5 });
    const originals = { setTimeout, clearTimeout };
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
    try {
      expect(setTimeout).not.toBe(originals.setTimeout);
      expect((await askForToken(entra)).status).toBe(200);
    } finally {
      jest.useRealTimers();
    }
  });
});

describe('What a process leaves behind that', () => {
  let compiled: string;
  let temporary: string;

  beforeAll(() => {
    compiled = compileProgram();
    const program = `
      const { startLocalEntra } = require('./index.js');
      startLocalEntra().then(async (entra) => {
        process.stdout.write(entra.client.certificatePath + '\\n');
        if (process.argv[2] === 'exit') process.exit(3);
        if (process.argv[2] === 'throw') throw new Error('on purpose');
        if (process.argv[2] === 'stop') {
          entra.latencyInMs = 600_000;
          require('node:https').get(entra.graphUrl + '/v1.0/me', { ca: entra.certificateAuthority }).on('error', () => {});
          while (entra.requests.graph < 1) await new Promise((resolve) => setTimeout(resolve, 5));
          await entra.stop();
        }
      });`;
    writeFileSync(join(compiled, 'entra.js'), program);
  });
  afterAll(() => rmSync(compiled, { recursive: true, force: true }));
  beforeEach(() => {
    temporary = mkdtempSync(join(tmpdir(), 'entra-life-'));
  });
  afterEach(() => rmSync(temporary, { recursive: true, force: true }));

  const startChild = async (then: string) => {
    const child = spawn(process.execPath, [join(compiled, 'entra.js'), then], {
      env: { PATH: process.env.PATH, TMPDIR: temporary },
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    });
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const path = await new Promise<string>((resolve, reject) => {
      createInterface(child.stdout)
        .once('line', resolve)
        .once('close', () => reject(new Error('The child said nothing.')));
    });
    expect(path.startsWith(temporary)).toBe(true);
    return { child, exited };
  };
  const isClean = async () => {
    const deadline = performance.now() + 60_000;
    while (readdirSync(temporary).length > 0 && performance.now() < deadline) await sleep(5);
    return readdirSync(temporary);
  };

  it.each(['exit', 'throw', 'stop'])('ends with %s: nothing', async (end) => {
    const { exited } = await startChild(end);
    await exited;
    expect(await isClean()).toEqual([]);
  });

  it.each(['SIGKILL', 'SIGTERM'] as const)('is killed with %s: nothing', async (signal) => {
    const { child, exited } = await startChild('wait');
    expect(readdirSync(temporary)).toHaveLength(1);
    child.kill(signal);
    await exited;
    expect(await isClean()).toEqual([]);
  });

  it('gets Ctrl-C, as does its whole process group: nothing', async () => {
    const { child, exited } = await startChild('wait');
    process.kill(-(child.pid ?? 0), 'SIGINT');
    await exited;
    expect(await isClean()).toEqual([]);
  });
});

describe('The watchdog', () => {
  it('stops processes before it removes directories', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'watchdog-'));
    const script =
      "process.on('SIGINT', () => { require('fs').writeFileSync(process.argv[1] + '/last', ''); process.exit(); }); setInterval(() => {}, 1000); console.log('up')";
    const child = spawn(process.execPath, ['-e', script, directory], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve([code, signal])));
    await new Promise((resolve) => child.stdout.once('data', resolve));
    const watchdog = startWatchdog();
    watchdog.removeDirectory(directory);
    watchdog.stopProcess(child.pid ?? 0);
    await watchdog.close();
    expect(await exited).toEqual([0, null]);
    expect(existsSync(directory)).toBe(false);
  });

  it('may be closed twice, and outlives what was never there', async () => {
    const watchdog = startWatchdog();
    watchdog.removeDirectory(join(tmpdir(), 'watchdog-that-never-was'));
    watchdog.stopProcess(2 ** 22 + 1);
    await Promise.all([watchdog.close(), watchdog.close()]);
    await watchdog.close();
  });
});
