import { setTimeout as sleep } from 'node:timers/promises';

import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';

import { seededRandom } from '../simulation/seeded-random.js';
import { RunningProgram } from '../support/running-program.js';
import type { ApplicationOptions, Measurement } from './application.js';
import { RandomFaults } from './random-faults.js';

export interface SoakOptions {
  seconds: number;
  /** Decides which faults happen, and when. */
  seed: number;
  /** Path of the application as a program of Node.js. */
  program: string;
}

/** What is printed, for machines. */
export interface SoakReport {
  seconds: number;
  queries: number;
  queryFailures: number;
  logins: number;
  loginFailures: number;
  refreshes: number;
  faults: number;
  maxEventLoopDelayMs: number;
  rssGrowthMiB: number;
  liveGrowthMiB: number;
  unhandledRejections: number;
}

export interface SoakResult {
  report: SoakReport;
  /** What must not happen and did, in words; empty when all is well. */
  problems: string[];
}

const tokenLifetimeInSeconds = 5;

/**
 * Memory that goes up and down by less is flat. What the process has of the system depends on how busy the machine is, too: a
 * slow one is still compiling when the warm-up is over, and may take 8 MiB in the half minute after it.
 */
const flat = { liveGrowthMiB: 1, rssGrowthMiB: 16 };

/** Lets the application work on a local Entra that is often unwell. */
export async function soak({ seconds, seed, program }: SoakOptions): Promise<SoakResult> {
  let unhandledRejections = 0;
  process.on('unhandledRejection', () => unhandledRejections++);
  await using entra = await startLocalEntra({ tokenLifetimeInSeconds, postgres: { rights: 'migrations' } });
  const env = { SOAK: JSON.stringify(applicationOptions(entra)) };
  await using application = RunningProgram.node(['--expose-gc', program], { env, name: 'the application' });
  await application.said(/under load/);
  const startedAt = performance.now();
  const faults = new RandomFaults(entra, seededRandom(seed));
  const faultsEnded = faults.run();
  await Promise.race([sleep(seconds * 1_000), faultsEnded, application.ended]);
  faults.stop();
  await faultsEnded;
  const ranForInSeconds = Math.round((performance.now() - startedAt) / 100) / 10;
  const { tokenFailures, expiries, errors, ...measured } = await application.ask<Measurement>('stop', 30_000);
  await application.end();
  const report: SoakReport = {
    seconds: ranForInSeconds,
    queries: measured.queries,
    queryFailures: measured.queryFailures,
    logins: measured.logins,
    loginFailures: measured.loginFailures,
    refreshes: measured.refreshes,
    faults: faults.count,
    maxEventLoopDelayMs: measured.maxEventLoopDelayMs,
    rssGrowthMiB: measured.rssGrowthMiB,
    liveGrowthMiB: measured.liveGrowthMiB,
    unhandledRejections: measured.unhandledRejections + unhandledRejections,
  };
  return { report, problems: problemsOf(report, { tokenFailures, expiries, errors }) };
}

/** The faults are so short that a valid token could be held all the time: every failure is one too many. */
function problemsOf(
  report: SoakReport,
  { tokenFailures, expiries, errors }: Pick<Measurement, 'tokenFailures' | 'expiries' | 'errors'>,
): string[] {
  const { queryFailures, loginFailures, unhandledRejections } = report;
  const counts = { queryFailures, loginFailures, tokenFailures, expiries, unhandledRejections };
  const problems = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([what, count]) => `${what}: ${count}`);
  for (const [what, most] of Object.entries(flat) as [keyof typeof flat, number][]) {
    if (report[what] > most) problems.push(`${what}: ${report[what]}, more than ${most} after warm-up`);
  }
  return [...problems, ...errors];
}

function applicationOptions(entra: LocalEntra): ApplicationOptions {
  const { tenantId, clientId, clientSecret } = entra.client;
  const { host, port, database, username } = entra.postgres;
  return {
    credential: {
      kind: 'client-secret',
      tenantId,
      clientId,
      clientSecret,
      authorityHost: entra.authorityHost,
      certificateAuthority: entra.certificateAuthority,
      // A busy machine stands still for half a second now and then.
      requestTimeoutInMs: 1_000,
    },
    database: { type: 'postgres', host, port, database, username, ssl: { ca: entra.certificateAuthority } },
  };
}
