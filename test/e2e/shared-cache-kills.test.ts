import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';
import { DataSource, type DataSourceOptions } from 'typeorm';

import { CreateEntraUserToken1795910400000 } from '../../lib/store/typeorm/index.js';
import { bundleProgram } from '../support/bundle.js';
import { databaseAudience, localDataSource } from '../support/local-entra.js';
import { describeWithRedis } from '../support/redis/local-redis.js';
import { PlainRedis } from '../support/redis/plain-redis.js';
import { ReplicaFleet } from '../support/replica-fleet.js';
import { assertionOf, makeCaller } from '../support/users/callers.js';
import type {
  AssertedCaller,
  SharedCachePlace,
  SharedCacheReplicaSettings,
} from './fixtures/shared-cache/protocol.js';

/**
 * By hand, with the lease that is the default: `USERS=1000 REPLICAS=8 RUN_SECONDS=120 KILL_EVERY_MS=1000 TOKEN_SECONDS=60
 * LEASE_MS=5000 npm test -- test/e2e/shared-cache-kills`.
 */
const users = Number(process.env['USERS'] ?? 60);
const replicas = Number(process.env['REPLICAS'] ?? 3);
const seconds = Number(process.env['RUN_SECONDS'] ?? 6);
const killEveryMs = Number(process.env['KILL_EVERY_MS'] ?? 500);
const tokenSeconds = Number(process.env['TOKEN_SECONDS'] ?? 6);
const leaseInMs = Number(process.env['LEASE_MS'] ?? 2_000);

let entra: LocalEntra;
let program: string;
let dataSource: DataSource;
let connection: DataSourceOptions;
let callers: AssertedCaller[];
const directory = mkdtempSync(join(tmpdir(), 'shared-cache-'));
const file = join(directory, 'callers.json');

beforeAll(async () => {
  program = await bundleProgram('test/e2e/fixtures/shared-cache/replica.ts', { withPackages: true });
  entra = await startLocalEntra({
    postgres: { rights: 'migrations' },
    tokenLifetimeInSeconds: tokenSeconds,
  });
  // So long a fetch holds its lease.
  entra.latencyInMs = 200;
  const password = entra.issueToken({ audience: databaseAudience, lifetimeInSeconds: 3600 });
  connection = { ...localDataSource(entra), password };
  dataSource = new DataSource({ ...connection, migrations: [CreateEntraUserToken1795910400000] });
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
  wrong: string[];
  failed: string[];
}

function settingsFor(place: SharedCachePlace): SharedCacheReplicaSettings {
  const { tenantId, authorityHost, certificateAuthority } = entra;
  const { clientId, clientSecret = '' } = entra.client;
  const client = { tenantId, clientId, clientSecret, authorityHost, certificateAuthority };
  callers = Array.from({ length: users }, (_unused, n) => {
    const caller = makeCaller(n);
    const assertion = assertionOf(entra, caller, { lifetimeInSeconds: 3_600 + seconds });
    return { objectId: caller.objectId, assertion };
  });
  writeFileSync(file, JSON.stringify(callers), { mode: 0o600 });
  const key = randomBytes(32).toString('base64url');
  return { client: { ...client, requestTimeoutInMs: 60_000 }, place, leaseInMs, key, callers: file };
}

async function run(settings: SharedCacheReplicaSettings): Promise<Report> {
  const hear = (word: string, rest: string, leased: Set<string>): void => {
    if (word === 'leased') leased.add(rest);
    if (word === 'freed') leased.delete(rest);
    if (word === 'wrong') report.wrong.push(rest);
    if (word === 'failed') report.failed.push(rest);
    if (word !== 'answered') return;
    const [count, slowest] = rest.split(' ');
    report.answered += Number(count);
    report.slowestInMs = Math.max(report.slowestInMs, Number(slowest));
  };
  const numbers = callers.map((_caller, n) => String(n));
  const fleet = new ReplicaFleet({ program, settings, replicas, users: numbers, hear });
  const report: Report = { fleet, answered: 0, slowestInMs: 0, wrong: [], failed: [] };
  await fleet.run({ seconds, killEveryMs });
  return report;
}

/** Kills replicas that share a place, and looks at what the callers have seen. */
async function survives(name: string, place: SharedCachePlace): Promise<void> {
  entra.requests.reset();
  const begunAt = performance.now();
  const report = await run(settingsFor(place));
  const { fleet, answered, slowestInMs, wrong, failed } = report;
  const { complaints, recoveries, controls, cutOff } = fleet;
  const ranForSeconds = (performance.now() - begunAt) / 1000;
  const { token: requests } = entra.requests;
  // A fetch at the first use and at half of each life, one for each that was cut off, and one for each that was asked to.
  const probes = recoveries.report.count + controls.report.count;
  const most = users * (1 + Math.ceil(ranForSeconds / (tokenSeconds / 2))) + 2 * probes;
  if (process.env['RUN_SECONDS'] !== undefined) {
    const counts = { answered, slowestInMs, wrong: wrong.length, failed: failed.length, requests, most };
    const times = { cutOff: cutOff.size, recoveries: recoveries.report, controls: controls.report };
    process.stderr.write(`${JSON.stringify({ name, ranForSeconds, ...counts, ...times })}\n`);
  }
  expect(complaints.join('')).toBe('');
  expect(wrong).toEqual([]);
  expect(failed).toEqual([]);
  expect(answered).toBeGreaterThan(users);
  expect(recoveries.open).toEqual([]);
  // After the lease comes the fetch, and a second lease would take twice as long.
  expect(recoveries.report.maxInMs).toBeLessThan(1.5 * leaseInMs + controls.report.maxInMs);
  expect(requests).toBeLessThanOrEqual(most);
}

const timeoutInMs = (4 * seconds + 240) * 1_000 + users * 20;

describeWithRedis('the shared cache in Redis while replicas are killed', () => {
  it(
    'fails no caller, mixes up no users, and recovers within a lease',
    async () => {
      await using redis = await PlainRedis.start();
      await survives('Redis', { socketPath: redis.socketPath });
    },
    timeoutInMs,
  );
});

describe('the shared cache in PostgreSQL while replicas are killed', () => {
  it(
    'fails no caller, mixes up no users, and recovers within a lease',
    () => survives('PostgreSQL', { connection }),
    timeoutInMs,
  );
});
