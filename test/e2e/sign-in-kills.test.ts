import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';
import { FileSignInStore, type SignInStore } from 'nestjs-entra-auth/users';
import { DataSource, type DataSourceOptions } from 'typeorm';

import { CreateEntraSignIn1795914000000, TypeOrmSignInStore } from '../../lib/store/typeorm/index.js';
import { bundleProgram } from '../support/bundle.js';
import { databaseAudience, localDataSource } from '../support/local-entra.js';
import type { SignInPlaceSettings, SignInReplicaSettings } from './fixtures/sign-ins/protocol.js';

/** By hand: `SIGN_INS=1000 REPLICAS=8 RUN_SECONDS=120 KILL_EVERY_MS=1000 npm test -- test/e2e/sign-in-kills`. */
const signIns = Number(process.env['SIGN_INS'] ?? 60);
const replicas = Number(process.env['REPLICAS'] ?? 3);
const seconds = Number(process.env['RUN_SECONDS'] ?? 8);
const killEveryMs = Number(process.env['KILL_EVERY_MS'] ?? 500);
const tokenLifetimeInSeconds = Number(process.env['TOKEN_SECONDS'] ?? 6);

let entra: LocalEntra;
let program: string;
let dataSource: DataSource;
let connection: DataSourceOptions;
const directory = mkdtempSync(join(tmpdir(), 'sign-ins-'));

beforeAll(async () => {
  chmodSync(directory, 0o700);
  program = await bundleProgram('test/e2e/fixtures/sign-ins/replica.ts', { withPackages: true });
  entra = await startLocalEntra({ postgres: { rights: 'migrations' }, tokenLifetimeInSeconds });
  entra.latencyInMs = 10;
  const password = entra.issueToken({ audience: databaseAudience, lifetimeInSeconds: 3600 });
  connection = { ...localDataSource(entra), password };
  dataSource = new DataSource({ ...connection, migrations: [CreateEntraSignIn1795914000000] });
  await dataSource.initialize();
  await dataSource.runMigrations();
}, 120_000);

afterAll(async () => {
  await dataSource?.destroy();
  await entra?.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** What the replicas of a run have reported. */
class Report {
  answered = 0;
  slowestInMs = 0;
  readonly saved: string[] = [];
  readonly wrong: string[] = [];
  readonly failed: string[] = [];
  readonly complaints: string[] = [];
  /** Users whose redemption was under way in a process when that was killed. */
  readonly cutOff = new Set<string>();
}

class Replica {
  readonly #process: ChildProcessByStdio<null, Readable, Readable>;
  /** Users whose lock is held, and nothing was saved yet. */
  readonly #redeeming = new Set<string>();
  readonly #ended: Promise<void>;
  readonly #ready: Promise<void>;
  #isReady: () => void = () => undefined;

  constructor(
    settings: SignInReplicaSettings,
    private readonly report: Report,
  ) {
    this.#ready = new Promise((resolve) => (this.#isReady = resolve));
    const env = { PATH: process.env['PATH'], REPLICA: JSON.stringify(settings) };
    this.#process = spawn(process.execPath, [program], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const lines = createInterface({ input: this.#process.stdout });
    lines.on('line', (line) => this.#hear(line));
    this.#process.stderr.setEncoding('utf8').on('data', (text: string) => report.complaints.push(text));
    const closed = new Promise<void>((resolve) => this.#process.once('close', () => resolve()));
    const read = new Promise<void>((resolve) => lines.once('close', resolve));
    this.#ended = Promise.all([closed, read]).then(() => undefined);
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#ended;
    for (const key of this.#redeeming) this.report.cutOff.add(key);
  }

  async stop(): Promise<void> {
    await this.#ready;
    this.#process.kill('SIGTERM');
    await this.#ended;
    const { exitCode, signalCode } = this.#process;
    expect({ exitCode, signalCode }).toEqual({ exitCode: 0, signalCode: null });
  }

  #hear(line: string): void {
    const [word, key = '', slowest] = line.split(' ');
    if (word === 'ready') this.#isReady();
    if (word === 'entered') this.#redeeming.add(key);
    if (word === 'saved' || word === 'left') this.#redeeming.delete(key);
    if (word === 'saved') this.report.saved.push(key);
    if (word === 'wrong') this.report.wrong.push(key);
    if (word === 'failed') this.report.failed.push(line.slice('failed '.length));
    if (word !== 'answered') return;
    this.report.answered += Number(key);
    this.report.slowestInMs = Math.max(this.report.slowestInMs, Number(slowest));
  }
}

async function adoptAll(store: SignInStore): Promise<string[]> {
  const keys = Array.from({ length: signIns }, () => randomUUID());
  for (const objectId of keys) {
    const user = { objectId, name: objectId, userPrincipalName: `${objectId}@contoso.example` };
    const refreshToken = entra.refreshTokens.issue({ user });
    const value = { refreshToken, obtainedOnTimestamp: Date.now(), user: { objectId } };
    await store.of(objectId).save(value, undefined);
  }
  return keys;
}

async function run(store: SignInPlaceSettings, userKeys: readonly string[]): Promise<Report> {
  const { tenantId, authorityHost, certificateAuthority } = entra;
  const { clientId, clientSecret = '' } = entra.client;
  const client = { tenantId, clientId, clientSecret, authorityHost, certificateAuthority };
  const report = new Report();
  const start = (): Replica => new Replica({ client, store, userKeys }, report);
  const running = Array.from({ length: replicas }, start);
  for (let at = 0; at < seconds * 1000; at += killEveryMs) {
    await sleep(killEveryMs);
    const victim = Math.floor(Math.random() * replicas);
    await running[victim]?.kill();
    running[victim] = start();
  }
  await sleep(1_000);
  await Promise.all(running.map((replica) => replica.stop()));
  return report;
}

/** Users whose stored refresh token is good for nothing. */
async function lostOf(store: SignInStore, userKeys: readonly string[]): Promise<string[]> {
  const lost: string[] = [];
  for (const key of userKeys) {
    const snapshot = await store.of(key).load();
    if (!entra.refreshTokens.accepts(snapshot?.value.refreshToken ?? '')) lost.push(key);
  }
  return lost;
}

const places: Record<string, () => [SignInStore, SignInPlaceSettings]> = {
  files: () => {
    const of = mkdtempSync(join(directory, 'files-'));
    return [new FileSignInStore({ directory: of }), { directory: of }];
  },
  'a table': () => [new TypeOrmSignInStore({ dataSource }), { connection }],
};

describe.each(Object.entries(places))('sign-ins in %s while replicas are killed', (place, open) => {
  it.each(['keep', 'strict'] as const)(
    'are lost to no user whose redemption was not cut off, by a server with the rotation "%s"',
    async (rotation) => {
      entra.refreshTokens.rotation = rotation;
      const revocations = entra.refreshTokens.reuseRevocations;
      const [store, settings] = open();
      const userKeys = await adoptAll(store);
      const report = await run(settings, userKeys);
      const lost = await lostOf(store, userKeys);

      const { answered, slowestInMs, saved, wrong, failed, complaints, cutOff } = report;
      if (process.env['RUN_SECONDS'] !== undefined) {
        const revoked = entra.refreshTokens.reuseRevocations - revocations;
        const numbers = {
          answered,
          slowestInMs,
          saved: saved.length,
          wrong: wrong.length,
          failed: failed.length,
        };
        const counts = { place, rotation, ...numbers, cutOff: cutOff.size, lost: lost.length, revoked };
        process.stderr.write(`${JSON.stringify(counts)}\n`);
      }
      expect(complaints.join('')).toBe('');
      expect(wrong).toEqual([]);
      expect(saved.length).toBeGreaterThan(signIns / 2);
      expect(answered).toBeGreaterThan(saved.length);
      // Entra lets the old refresh token serve. A strict server has rotated it, and the successor died with the process.
      if (rotation === 'keep') expect(lost).toEqual([]);
      expect(lost.filter((key) => !cutOff.has(key))).toEqual([]);
      expect(failed.filter((line) => !lost.includes(line.split(' ')[0] ?? ''))).toEqual([]);
    },
    (seconds + 60) * 1_000 + signIns * 100,
  );
});
