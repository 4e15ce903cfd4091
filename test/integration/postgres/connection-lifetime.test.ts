import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createEntraDataSource } from 'nestjs-entra-auth';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';
import type pg from 'pg';
import type { DataSource } from 'typeorm';

import { ManualClock } from '../../../lib/testing/manual-clock.js';
import { HandMadeCredential, localDataSource } from '../../support/local-database.js';

const minute = 60_000;
let entra: LocalEntra;

beforeAll(async () => {
  entra = await startLocalEntra({ postgres: true });
});

afterAll(() => entra.stop());

/** Connections that live for a minute, less up to 6 s; on this clock for 57 s. */
const aMinute = { maxConnectionLifetimeInMs: minute };

async function connect(limit = {}): Promise<{ dataSource: DataSource; clock: ManualClock }> {
  const clock = new ManualClock();
  const dataSource = await createEntraDataSource({
    credential: new HandMadeCredential(entra),
    dataSource: {
      ...localDataSource(entra),
      ...limit,
      poolSize: 2,
      // Idle connections are not closed for that: what closes them here is their age.
      extra: { idleTimeoutMillis: 0 },
    },
    clock,
  });
  return { dataSource: await dataSource.initialize(), clock };
}

const backendOf = async (runner: Pick<DataSource, 'query'>): Promise<number | undefined> =>
  (await runner.query<{ pid: number }[]>('select pg_backend_pid() as pid'))[0]?.pid;

const isAlive = async (pid: number | undefined): Promise<boolean> =>
  (await entra.postgres.query('select 1 from pg_stat_activity where pid = $1', [pid])).length > 0;

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function gone(pid: number | undefined): Promise<void> {
  while (await isAlive(pid)) await nextTurn();
}

describe('a connection that has reached its greatest age', () => {
  it('is closed when it is idle, and new work gets a new one', async () => {
    const { dataSource, clock } = await connect(aMinute);
    const old = await backendOf(dataSource);
    await clock.advance(57_000 - 1);
    expect(await backendOf(dataSource)).toBe(old);
    await clock.advance(1);
    await gone(old);
    expect(await backendOf(dataSource)).not.toBe(old);
    await dataSource.destroy();
    // The pool has ended when it has told all of them to; each says itself when it has.
    while (clock.pendingTimers > 0) await nextTurn();
  });

  it('finishes the transaction that it is in, gets no new work, and is closed then', async () => {
    const { dataSource, clock } = await connect(aMinute);
    const runner = dataSource.createQueryRunner();
    await runner.startTransaction();
    const busy = await backendOf(runner);
    await clock.advance(minute);
    expect(await backendOf(dataSource)).not.toBe(busy);
    expect(await backendOf(runner)).toBe(busy);
    await runner.commitTransaction();
    await runner.release();
    await gone(busy);
    expect(await backendOf(dataSource)).not.toBe(busy);
    await dataSource.destroy();
  });

  it('takes no younger one with it', async () => {
    const { dataSource, clock } = await connect(aMinute);
    const first = dataSource.createQueryRunner();
    const old = await backendOf(first);
    await clock.advance(minute / 2);
    const young = await backendOf(dataSource);
    expect(young).not.toBe(old);
    await first.release();
    await clock.advance(minute / 2);
    await gone(old);
    expect(await backendOf(dataSource)).toBe(young);
    await dataSource.destroy();
  });

  it('fails no query, however many connections it ends', async () => {
    const { dataSource, clock } = await connect(aMinute);
    const pids = new Set<number | undefined>();
    for (let round = 0; round < 10; round++) {
      const work = Array.from({ length: 8 }, () => backendOf(dataSource));
      await clock.advance(minute);
      for (const pid of await Promise.all(work)) pids.add(pid);
    }
    expect(pids.size).toBeGreaterThanOrEqual(10);
    await dataSource.destroy();
  });
});

describe('a connection that is checked out', () => {
  it('may be ended by the server without a listener: its user gets the error, and the process goes on', async () => {
    const { dataSource } = await connect(aMinute);
    const pool = (dataSource.driver as unknown as { master: pg.Pool }).master;
    const client = await pool.connect();
    const pid = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    const ended = new Promise((resolve) => client.once('end', resolve));
    await entra.postgres.query('select pg_terminate_backend($1)', [pid.rows[0]?.pid]);
    await ended;
    await expect(client.query('select 1')).rejects.toThrow(/not queryable/);
    client.release();
    expect(await backendOf(dataSource)).toBeGreaterThan(0);
    await dataSource.destroy();
  });

  it('is closed on its release if it was retired, whatever its user passes', async () => {
    const { dataSource, clock } = await connect(aMinute);
    const pool = (dataSource.driver as unknown as { master: pg.Pool }).master;
    const client = await pool.connect();
    await clock.advance(minute);
    client.release(false);
    expect(pool.idleCount).toBe(0);
    await dataSource.destroy();
  });
});

describe('a connection without a greatest age', () => {
  it('stays, and needs no timer', async () => {
    const { dataSource, clock } = await connect();
    const first = await backendOf(dataSource);
    const { pendingTimers } = clock;
    await Promise.all([backendOf(dataSource), backendOf(dataSource)]);
    expect(clock.pendingTimers).toBe(pendingTimers);
    await clock.advance(50 * minute);
    expect(await isAlive(first)).toBe(true);
    await dataSource.destroy();
  });
});
