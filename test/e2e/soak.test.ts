import { beforeAll, describe, expect, it } from '@jest/globals';

import { ensureBuilt, repositoryRoot } from '../support/build.js';
import { runProgram, type ProgramResult } from '../support/run-program.js';
import type { SoakReport } from '../soak/soak.js';

const seconds = 60;
const command = [
  '--import',
  './test/support/typescript.mjs',
  'test/soak/main.ts',
  '--seconds',
  String(seconds),
];

describe(`the sample's stack for ${seconds} s, with tokens of 5 s and an Entra that is unwell for 30 % of the time`, () => {
  let result: ProgramResult;
  let report: SoakReport;

  beforeAll(async () => {
    await ensureBuilt();
    const timeoutInMs = (seconds + 60) * 1_000;
    result = await runProgram(process.execPath, command, { cwd: repositoryRoot, timeoutInMs });
    report = JSON.parse(result.stdout.trim().split('\n').at(-1) ?? '') as SoakReport;
  });

  it('fails no query and no login', () => {
    // What went wrong is on standard error.
    expect(result).toEqual({ ...result, exitCode: 0 });
    expect(report).toMatchObject({ queryFailures: 0, loginFailures: 0 });
    expect(report.queries).toBeGreaterThan(1_000);
    expect(report.logins).toBeGreaterThan(100);
  });

  it('has really met faults, and got new tokens all the same', () => {
    expect(report.seconds).toBeGreaterThanOrEqual(seconds);
    // One in two seconds.
    expect(report.faults).toBeGreaterThan(seconds / 3);
    // Two resources, and each token is replaced at half of its life.
    expect(report.refreshes).toBeGreaterThan((2 * seconds) / 5);
  });

  it('leaves no rejection unhandled and keeps nothing in memory', () => {
    expect(report.unhandledRejections).toBe(0);
    expect(report.liveGrowthMiB).toBeLessThan(1);
    expect(report.rssGrowthMiB).toBeLessThan(16);
    expect(report.maxEventLoopDelayMs).toBeGreaterThan(0);
  });
});
