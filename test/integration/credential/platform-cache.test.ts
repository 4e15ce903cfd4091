import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DatabaseLoginRefusedError } from 'nestjs-entra-auth';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';
import { DataSource, type DataSourceOptions } from 'typeorm';

import { createEngine } from '../../support/engine.js';
import { MachineClock } from '../../support/machine-clock.js';
import { createDataSourceFactory, localDataSource } from '../../support/local-database.js';

const environment = { ...process.env };
const credential = { kind: 'managed-identity' } as const;
const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

afterEach(() => void (process.env = { ...environment }));

describe('where the platform holds the tokens of managed identities for a day', () => {
  let clock: MachineClock;
  let entra: LocalEntra;
  const started: ReturnType<typeof createEngine>[] = [];

  beforeAll(async () => {
    clock = new MachineClock(Date.now());
    entra = await startLocalEntra({ clock: { now: clock.trueTime } });
  });
  beforeEach(() => {
    Object.assign(process.env, entra.environment('imds'));
    // What the platform held for an earlier test has expired.
    clock.jump(2 * day);
    entra.requests.reset();
  });
  afterEach(async () => {
    for (const { service } of started.splice(0)) await service.onApplicationShutdown();
  });
  afterAll(() => entra.stop());

  const start = (background = true) => {
    const engine = createEngine({ credential, clock, refresh: { background }, resources: { postgres: {} } });
    started.push(engine);
    return engine;
  };

  /** Lets time pass timer by timer, each attempt to its end, and tells the least life that the held token had left. */
  async function watch(
    { service, registry }: ReturnType<typeof start>,
    durationInMs: number,
  ): Promise<number> {
    const end = clock.now() + durationInMs;
    let least = Infinity;
    while (clock.now() < end) {
      await clock.advance(Math.min(end - clock.now(), clock.untilNextTimer));
      while (registry.getTimeouts().length === 0) await new Promise((resolve) => setImmediate(resolve));
      const [state] = service.state('postgres');
      least = Math.min(least, (state?.expiresAt?.getTime() ?? 0) - clock.now());
    }
    return least;
  }

  it('a held token keeps half of its life but for half an hour, and the endpoint is asked a few times a day', async () => {
    const engine = start();
    await engine.service.getToken('postgres');
    await watch(engine, 12 * hour);
    entra.requests.reset();
    expect(await watch(engine, 5 * day)).toBeGreaterThan(11.4 * hour);
    expect(entra.requests.imds).toBeLessThanOrEqual(5 * 2 * 4);
  });

  it('a token that is eleven hours old at the start is replaced before half of the rest has passed', async () => {
    const { service } = start(false);
    await service.getToken('postgres');
    await clock.advance(11 * hour);
    const restarted = start();
    const { expiresOnTimestamp } = await restarted.service.getToken('postgres');
    expect(expiresOnTimestamp - clock.now()).toBeLessThanOrEqual(13 * hour);
    expect(await watch(restarted, day)).toBeGreaterThan(6.4 * hour);
  });

  it('a rejected token comes back, is asked for once in 30 s, and goes when the platform renews it', async () => {
    const { service } = start(false);
    const { token } = await service.getToken('postgres');
    for (let n = 0; n < 3; n++) {
      service.invalidate(token);
      expect((await service.getToken('postgres')).token === token).toBe(true);
    }
    expect(entra.requests.imds).toBe(2);
    await clock.advance(12 * hour + minute);
    service.invalidate(token);
    expect((await service.getToken('postgres')).token === token).toBe(false);
    expect(entra.requests.imds).toBe(3);
  });
});

describe('a database that has revoked the token of a managed identity', () => {
  let clock: MachineClock;
  let entra: LocalEntra;

  beforeAll(async () => {
    clock = new MachineClock(Date.now());
    entra = await startLocalEntra({ postgres: true, clock: { now: clock.trueTime } });
  });
  beforeEach(() => void Object.assign(process.env, entra.environment('imds')));
  afterAll(() => entra.stop());

  it('refuses logins until the platform renews it, and leaves open connections alone', async () => {
    const setup = createDataSourceFactory({ credential, clock, dataSource: localDataSource(entra) });
    const options = async () => (await setup.factory.createTypeOrmOptions()) as DataSourceOptions;
    const open = await new DataSource(await options()).initialize();
    const { token } = await setup.service.getToken('postgres');
    entra.postgres.revoke(token);
    for (let n = 0; n < 3; n++) {
      await expect(new DataSource(await options()).initialize()).rejects.toThrow(DatabaseLoginRefusedError);
    }
    expect((await setup.service.getToken('postgres')).token === token).toBe(true);
    expect(entra.requests.imds).toBe(2);
    await expect(open.query('select 1 as one')).resolves.toEqual([{ one: 1 }]);
    await clock.advance(12 * hour + minute);
    const renewed = await new DataSource(await options()).initialize();
    await renewed.destroy();
    await open.destroy();
  });
});
