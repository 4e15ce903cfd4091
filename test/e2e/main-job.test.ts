import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';

import { buildFixture } from '../support/fixture-program.js';
import { RunningProgram } from '../support/running-program.js';
import { SecretScan } from '../support/secret-scan.js';
import type { Observation } from './fixtures/observed-sample.js';

const tokenLifetimeInSeconds = 8;
const runInMs = 60_000;
/** For a slow machine to have done enough. */
const longestRunInMs = 4 * runInMs;
const leastRefreshes = 6;
/** What shows that there was load. */
const least = { reads: 1_000, writes: 500, graph: 100, health: 30 };

interface Status {
  tokens: { resource: string; state: string; refreshes: number; failures: number }[];
  database: { logins: number; loginFailures: number; queries: number; queryFailures: number };
}

describe(`the sample application under load for ${runInMs / 1000} s, with tokens that live ${tokenLifetimeInSeconds} s`, () => {
  const scan = new SecretScan();
  const unexpected: string[] = [];
  const done = { reads: 0, writes: 0, graph: 0, health: 0 };
  const kinds = Object.keys(least) as (keyof typeof least)[];
  let startedAt: number;
  let ranForSeconds: number;
  let sample: RunningProgram;
  let url: string;
  let status: Status;
  let observed: Observation;

  const ranForMs = (): number => performance.now() - startedAt;
  const isOver = (): boolean =>
    ranForMs() > longestRunInMs || (ranForMs() > runInMs && kinds.every((what) => done[what] > least[what]));

  async function request(what: keyof typeof done, path: string, body?: object): Promise<void> {
    const response = await fetch(`${url}${path}`, {
      signal: AbortSignal.timeout(10_000),
      ...(body && {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    });
    const text = await response.text();
    if (path !== '/notes') scan.text(`answer of ${path}`, text);
    if (response.ok) done[what]++;
    else unexpected.push(`${path}: ${response.status} ${text}`);
  }

  /** One user who does the same thing again and again. */
  async function user(pauseInMs: number, act: () => Promise<void>): Promise<void> {
    while (!isOver()) {
      await act().catch((error: unknown) => unexpected.push(String(error)));
      await sleep(pauseInMs);
    }
  }

  beforeAll(async () => {
    const program = await buildFixture('test/e2e/fixtures/observed-sample.ts');
    sample = RunningProgram.node([program], {
      scan,
      name: 'the sample',
      startsPostgres: true,
      env: { TOKEN_LIFETIME_SECONDS: String(tokenLifetimeInSeconds) },
    });
    url = `http://localhost:${await sample.said(/listening on (\d+)\./)}`;
    startedAt = performance.now();
    const readers = Array.from({ length: 4 }, () => user(25, () => request('reads', '/notes')));
    const writers = Array.from({ length: 2 }, (_, n) =>
      user(50, () => request('writes', '/notes', { text: `from writer ${n}` })),
    );
    await Promise.all([
      ...readers,
      ...writers,
      user(200, () => request('graph', '/organization')),
      user(1_000, () => request('health', '/health/ready')),
      user(5_000, () => request('health', '/health/live')),
    ]);
    status = (await (await fetch(`${url}/status`)).json()) as Status;
    observed = await sample.ask<Observation>('observe');
    ranForSeconds = ranForMs() / 1_000;
    scan.value('answer of /status', status);
    scan.text('objects of the sample', observed.inspected);
    scan.protect({ 'client secret': observed.clientSecret });
  }, longestRunInMs + 240_000);

  afterAll(() => sample?.[Symbol.asyncDispose]());

  it('answers every request, and does so all the time', () => {
    expect(unexpected).toEqual([]);
    for (const what of kinds) expect([what, done[what] > least[what]]).toEqual([what, true]);
  });

  it('fails no query, and loses none', () => {
    expect(status.database.queryFailures).toBe(0);
    expect(status.database.queries).toBeGreaterThanOrEqual(done.reads + done.writes);
    expect(observed.rows).toBe(done.writes);
  });

  it('logs in again and again without one failure', () => {
    expect(status.database.loginFailures).toBe(0);
    expect(status.database.logins).toBeGreaterThan(60);
  });

  it('presents a token that is valid at that moment in every login', () => {
    expect(observed.logins.refused).toBe(0);
    expect(observed.logins.accepted).toBeGreaterThanOrEqual(status.database.logins);
    expect(observed.logins.minRemainingLifeInSeconds).toBeGreaterThan(0);
  });

  it.each(['postgres', 'graph'] as const)(
    'refreshes the token of %s ahead of time, and no more often than needed',
    (resource) => {
      const token = status.tokens.find((one) => one.resource === resource);
      expect(token).toMatchObject({ failures: 0 });
      expect(token?.state).toMatch(/^(fresh|due)$/);
      expect(token?.refreshes).toBeGreaterThanOrEqual(leastRefreshes);
      // At half of their life at the latest: one in about 3.5 s.
      const most = ranForSeconds / (tokenLifetimeInSeconds * 0.3);
      expect(observed.tokenRequests[resource]).toBeLessThan(most);
    },
  );

  it('writes a line for each refresh and each login', () => {
    expect(sample.output).toMatch(/\[Tokens\] .*postgres.*valid for \d/);
    expect(sample.output).toMatch(/\[Tokens\] .*graph.*valid for \d/);
    expect(sample.output).toMatch(/\[Logins\] notes-app .*localhost/);
  });

  it('ends on SIGTERM and leaves nothing', async () => {
    expect(sample.belongings()).toContainEqual(expect.stringMatching(/postgres/));
    const { code, signal } = await sample.end('SIGTERM');
    expect(code === 0 || signal === 'SIGTERM').toBe(true);
    expect(await sample.leftovers()).toEqual([]);
  });

  it('lets no token and no secret out, in whatever it said and showed', () => {
    // The library's own lines at debug level are among what was read.
    expect(sample.output).toMatch(/DEBUG \[EntraAuth\]/);
    expect(scan.leaks()).toEqual([]);
    expect(scan.length).toBeGreaterThan(20_000);
  });
});
