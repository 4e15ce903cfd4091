import { randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';
import { FileSignInStore, type SignInStore } from 'nestjs-entra-auth/users';
import { DataSource, type DataSourceOptions } from 'typeorm';

import { CreateEntraSignIn1795914000000, TypeOrmSignInStore } from '../../lib/store/typeorm/index.js';
import { bundleProgram } from '../support/bundle.js';
import { databaseAudience, localDataSource } from '../support/local-entra.js';
import { ReplicaFleet } from '../support/replica-fleet.js';
import type { SignInPlaceSettings, SignInReplicaSettings } from './fixtures/sign-ins/protocol.js';

/** By hand: `SIGN_INS=1000 REPLICAS=8 RUN_SECONDS=120 KILL_EVERY_MS=1000 npm test -- test/e2e/sign-in-kills`. */
const signIns = Number(process.env['SIGN_INS'] ?? 60);
const replicas = Number(process.env['REPLICAS'] ?? 3);
const seconds = Number(process.env['RUN_SECONDS'] ?? 8);
const killEveryMs = Number(process.env['KILL_EVERY_MS'] ?? 500);
/** A dead holder loses its lock at once. No caller waits longer for a lock than this, on a machine that keeps up. */
const storeTimeoutInMs = 10_000;
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
});

afterAll(async () => {
  await dataSource?.destroy();
  await entra?.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** What the replicas of a run have reported. */
interface Report {
  fleet: ReplicaFleet;
  answered: number;
  slowestInMs: number;
  saved: string[];
  wrong: string[];
  failed: string[];
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
  const settings: SignInReplicaSettings = { client, store, storeTimeoutInMs, userKeys };
  const hear = (word: string, rest: string, redeeming: Set<string>): void => {
    const [key = '', slowest] = rest.split(' ');
    // The lock is held, and nothing was saved yet.
    if (word === 'entered') redeeming.add(key);
    if (word === 'saved' || word === 'left') redeeming.delete(key);
    if (word === 'saved') report.saved.push(key);
    if (word === 'wrong') report.wrong.push(key);
    if (word === 'failed') report.failed.push(rest);
    if (word !== 'answered') return;
    report.answered += Number(key);
    report.slowestInMs = Math.max(report.slowestInMs, Number(slowest));
  };
  const fleet = new ReplicaFleet({ program, settings, replicas, users: userKeys, hear });
  const report: Report = { fleet, answered: 0, slowestInMs: 0, saved: [], wrong: [], failed: [] };
  await fleet.run({ seconds, killEveryMs });
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

      const { fleet, answered, slowestInMs, saved, wrong, failed } = report;
      const { complaints, cutOff, recoveries, controls } = fleet;
      if (process.env['RUN_SECONDS'] !== undefined) {
        const revoked = entra.refreshTokens.reuseRevocations - revocations;
        const numbers = { saved: saved.length, wrong: wrong.length, failed: failed.length };
        const counts = { answered, slowestInMs, ...numbers, cutOff: cutOff.size, lost: lost.length, revoked };
        const times = { recoveries: recoveries.report, controls: controls.report };
        process.stderr.write(`${JSON.stringify({ place, rotation, ...counts, ...times })}\n`);
      }
      expect(complaints.join('')).toBe('');
      expect(wrong).toEqual([]);
      expect(recoveries.open).toEqual([]);
      expect(recoveries.report.maxInMs).toBeLessThan(storeTimeoutInMs + controls.report.maxInMs);
      expect(saved.length).toBeGreaterThan(signIns / 2);
      expect(answered).toBeGreaterThan(saved.length);
      // Entra lets the old refresh token serve. A strict server has rotated it, and the successor died with the process.
      if (rotation === 'keep') expect(lost).toEqual([]);
      expect(lost.filter((key) => !cutOff.has(key))).toEqual([]);
      expect(failed.filter((line) => !lost.includes(line.split(' ')[0] ?? ''))).toEqual([]);
    },
    (4 * seconds + 240) * 1_000 + signIns * 100,
  );
});
