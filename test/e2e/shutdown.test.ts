import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { EndToEnd } from '../support/e2e.js';
import { buildFixture } from '../support/fixture-program.js';
import { idleBeforeExit, reportsIdleAtExit } from '../support/idle-at-exit.js';
import { RunningProgram, type ProgramEnd } from '../support/running-program.js';
import type { ScheduledAppReport, ScheduledAppSettings } from './fixtures/scheduled-app.js';

const workInMs = 7_000;

describe('an application that closes', () => {
  const e2e = new EndToEnd(() => ({ tokenLifetimeInSeconds: 3, postgres: true }));
  let program: RunningProgram;
  let report: ScheduledAppReport;
  let end: ProgramEnd;
  let idleInMs: number;

  beforeAll(async () => {
    const { tenantId, client, authorityHost, certificateAuthority, postgres } = e2e.entra;
    const { host, port, database, username } = postgres;
    const { clientId, clientSecret } = client;
    const settings: ScheduledAppSettings = {
      ...{ authorityHost, certificateAuthority, tenantId, clientId, clientSecret, workInMs },
      database: { host, port, database, username },
    };
    program = RunningProgram.node(
      [...reportsIdleAtExit, await buildFixture('test/e2e/fixtures/scheduled-app.ts')],
      {
        scan: e2e.scan,
        name: 'the scheduled application',
        env: { SETTINGS: JSON.stringify(settings) },
      },
    );
    report = JSON.parse(await program.said(/^closed: (.*)$/m)) as ScheduledAppReport;
    end = await program.end();
    idleInMs = idleBeforeExit(program);
  });

  afterAll(() => program?.[Symbol.asyncDispose]());

  it('has kept its tokens fresh by timers that its SchedulerRegistry shows', () => {
    expect(report.refreshes).toBeGreaterThan(1);
    expect(report.timersAtWork).toEqual(
      expect.arrayContaining(['entra-token-refresh:postgres', 'entra-token-refresh:graph']),
    );
  });

  it('leaves no timer', () => {
    expect(report.timersAfterClose).toEqual([]);
    expect(report.resourcesAfterClose).not.toContain('Timeout');
  });

  it('leaves no open handle: the process ends by itself, at once', () => {
    const left = [...report.resourcesAfterClose];
    for (const resource of report.resourcesAtStart) {
      if (left.includes(resource)) left.splice(left.indexOf(resource), 1);
    }
    expect(left).toEqual([]);
    expect(end).toEqual({ code: 0, signal: null });
    expect(idleInMs).toBeLessThan(1_000);
  });

  it('leaves no rejection unhandled', () => {
    expect(report.unhandled).toEqual([]);
  });

  it('has seen each of its own jobs fire once, not once more for the library', () => {
    const { cron, interval, timeout } = report.fired;
    const seconds = cron.map((at) => Math.floor((at + 50) / 1000));
    expect(seconds.length).toBeGreaterThanOrEqual(3);
    expect(new Set(seconds).size).toBe(seconds.length);
    expect(interval.length).toBeGreaterThan(4);
    expect(interval.length).toBeLessThanOrEqual(Math.ceil((interval.at(-1)! - interval[0]!) / 400) + 1);
    expect(timeout).toHaveLength(1);
  });

  e2e.letsNoSecretOut();
});
