import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { ensureBuilt } from '../support/build.js';
import { EndToEnd } from '../support/e2e.js';
import { describeWithRedis } from '../support/redis/local-redis.js';
import type { RunningProgram } from '../support/running-program.js';
import { sampleUrl, startSample } from '../support/sample.js';
import { SecretScan } from '../support/secret-scan.js';

const tokenLifetimeInSeconds = 15;

interface Answer {
  status: number;
  body: unknown;
}

async function request(address: string, json?: object): Promise<Answer> {
  const body = json && {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(json),
  };
  const response = await fetch(address, { ...body, signal: AbortSignal.timeout(60_000) });
  return { status: response.status, body: await response.json() };
}

/** Asks until the answer has these texts among its notes, at most 30 s. */
async function notesOf(address: string, texts: string[]): Promise<string[]> {
  for (let patience = 300; ; patience--) {
    const { body } = await request(`${address}/notes`);
    const found = (body as { text: string }[]).map(({ text }) => text);
    if (texts.every((text) => found.includes(text)) || patience === 0) return found;
    await sleep(100);
  }
}

beforeAll(() => ensureBuilt());

describeWithRedis('the sample application where redis-server is installed', () => {
  const scan = new SecretScan();
  let sample: RunningProgram;
  let address: string;

  beforeAll(async () => {
    const env = { TOKEN_LIFETIME_SECONDS: String(tokenLifetimeInSeconds) };
    sample = startSample({ scan, name: 'the sample', startsPostgres: true, env });
    address = await sample.said(sampleUrl);
  });

  afterAll(() => sample?.[Symbol.asyncDispose]());

  it('tells so, and is ready when a new login to Redis works', async () => {
    expect(sample.output).toContain('PostgreSQL and Redis');
    expect(await request(`${address}/health/ready`)).toMatchObject({
      status: 200,
      body: { info: { tokens: { status: 'up' }, database: { status: 'up' }, redis: { status: 'up' } } },
    });
  });

  it('queues reminders, which wait until they are due and become notes, through two token lives', async () => {
    const later = await request(`${address}/reminders`, { text: 'much later', delayInSeconds: 3_600 });
    expect(later).toMatchObject({ status: 201, body: { text: 'much later' } });
    const delays = [0, 1, tokenLifetimeInSeconds + 1, 2 * tokenLifetimeInSeconds + 1];
    for (const delayInSeconds of delays) {
      await request(`${address}/reminders`, { text: `after ${delayInSeconds} s`, delayInSeconds });
    }
    expect((await request(`${address}/reminders`)).body).toContainEqual(later.body);
    await sleep(2 * tokenLifetimeInSeconds * 1_000);

    const expected = delays.map((delay) => `after ${delay} s`);
    const found = await notesOf(address, expected);
    expect(found.sort()).toEqual(expected.sort());
    expect(await request(`${address}/reminders`)).toEqual({ status: 200, body: [later.body] });
  });

  it('answers a summary from the cache, and counts anew five seconds later', async () => {
    const summary = async (): Promise<{ notes: number; countedAt: string }> => {
      const { body } = await request(`${address}/summary`);
      return body as { notes: number; countedAt: string };
    };
    let first = await summary();
    // One that is about to leave the cache is not yet the answer to compare with.
    for (let patience = 100; Date.now() - Date.parse(first.countedAt) > 2_000 && patience > 0; patience--) {
      await sleep(100);
      first = await summary();
    }
    await request(`${address}/notes`, { text: 'one more' });
    expect(await summary()).toEqual(first);
    await sleep(5_500);
    expect(await summary()).toMatchObject({ notes: first.notes + 1 });
  });

  it.each([
    [{ text: '', delayInSeconds: 1 }, /text must be/],
    [{ text: 'a', delayInSeconds: -1 }, /delayInSeconds must be a whole number from 0 to 86400/],
    [{ text: 'a' }, /delayInSeconds must be/],
  ])('refuses the reminder %j', async (reminder, message) => {
    const { status, body } = await request(`${address}/reminders`, reminder);
    expect(status).toBe(400);
    expect(JSON.stringify(body)).toMatch(message);
  });

  it('ends on SIGTERM with all that it started, and has let no token out', async () => {
    expect(sample.belongings()).toContainEqual(expect.stringMatching(/redis-server/));
    await sample.end('SIGTERM');
    expect(await sample.leftovers()).toEqual([]);
    expect(scan.leaks()).toEqual([]);
  });
});

describe('the sample application on a machine without redis-server', () => {
  const programs = mkdtempSync(join(tmpdir(), 'programs-'));

  afterAll(() => rmSync(programs, { recursive: true, force: true }));

  it('tells so, and runs without queue and cache', async () => {
    symlinkSync('/bin/sh', join(programs, 'sh'));
    await using sample = startSample({
      name: 'the sample without Redis',
      startsPostgres: true,
      env: { PATH: programs },
    });
    const address = await sample.said(sampleUrl);
    expect(sample.output).toContain('without Redis (no redis-server on PATH)');
    expect(await request(`${address}/health/ready`)).toMatchObject({
      status: 200,
      body: { info: { tokens: { status: 'up' }, database: { status: 'up' } } },
    });
    expect(await request(`${address}/notes`, { text: 'kept' })).toMatchObject({ status: 201 });
    expect(await request(`${address}/summary`)).toMatchObject({ status: 404 });
    expect(await request(`${address}/reminders`)).toMatchObject({ status: 404 });
  });
});

describeWithRedis('the sample application on Azure, with REDIS_HOST', () => {
  const e2e = new EndToEnd(() => ({
    client: { graphPermissions: ['Organization.Read.All'] },
    postgres: { rights: 'migrations' },
    redis: true,
  }));

  const start = (redis: Record<string, string>): RunningProgram => {
    const { postgres, graphUrl } = e2e.entra;
    const env = {
      ...e2e.entra.environment('app-service'),
      PGHOST: postgres.host,
      PGPORT: String(postgres.port),
      PGDATABASE: postgres.database,
      PGUSER: postgres.username,
      GRAPH_URL: graphUrl,
      ...redis,
    };
    return startSample({ scan: e2e.scan, name: 'the sample on Azure', env });
  };

  it('queues and caches there, and is not ready while Redis refuses it', async () => {
    const { redis } = e2e.entra;
    await using sample = start({ REDIS_HOST: redis.host, REDIS_PORT: String(redis.port) });
    const address = await sample.said(sampleUrl);
    const reminder = { text: 'from Azure', delayInSeconds: 0 };
    expect(await request(`${address}/reminders`, reminder)).toMatchObject({ status: 201 });
    expect(await notesOf(address, ['from Azure'])).toEqual(['from Azure']);
    expect(redis.logins.refused).toBe(0);
    redis.refuses = 'all';
    expect(await request(`${address}/health/ready`)).toMatchObject({
      status: 503,
      body: { error: { redis: { status: 'down' } } },
    });
    redis.refuses = 'none';
  });

  it('has no queue and no cache without it', async () => {
    await using sample = start({});
    const address = await sample.said(sampleUrl);
    expect(await request(`${address}/reminders`)).toMatchObject({ status: 404 });
    expect(await request(`${address}/health/ready`)).toMatchObject({ status: 200 });
  });

  e2e.letsNoSecretOut();
});
