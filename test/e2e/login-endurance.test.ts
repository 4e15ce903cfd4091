import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import {
  EntraAuthModule,
  EntraTokenService,
  EntraTypeOrmOptionsFactory,
  type LoginEvent,
} from 'nestjs-entra-auth';
import type { DataSource } from 'typeorm';

import { EndToEnd, type ScopedApp } from '../support/e2e.js';
import { causeOf, type FailureCause, type Mischief, type Operation } from '../support/failure-account.js';
import { credentialFactory, localDataSource } from '../support/local-entra.js';

/** `LOGINS=1000 npm test -- login-endurance` makes fewer. */
const wanted = Number(process.env['LOGINS'] ?? 10_000);
const restarts = 4;
const mostSeconds = 600;

const between = (least: number, most: number): number => least + Math.random() * (most - least);

describe(`${wanted} logins with tokens of 5 s, during revocations, restarts and killed sessions`, () => {
  const e2e = new EndToEnd(() => ({ tokenLifetimeInSeconds: 5, postgres: true }));
  const mischief: Mischief = { restarts: [], kills: [] };
  const logins: Record<LoginEvent['outcome'], number> = { accepted: 0, refused: 0, failed: 0 };
  const causes: Record<FailureCause, number> = {
    'server-down': 0,
    'killed-in-flight': 0,
    'killed-while-idle': 0,
  };
  const unaccounted: unknown[] = [];
  const rejections: unknown[] = [];
  const underWay = new Set<Promise<void>>();
  const note = (reason: unknown): void => void rejections.push(reason);
  let app: ScopedApp;
  let revocations = 0;
  let queries = 0;
  /** Logins that began with a token that had ended. */
  let begunTooLate = 0;
  let seconds = 0;

  /** One query, with a pool's connection of its own. */
  async function query(dataSource: DataSource): Promise<void> {
    const operation: Operation = { from: performance.now(), to: Infinity };
    const runner = dataSource.createQueryRunner();
    try {
      const { processID: pid } = (await runner.connect()) as { processID: number };
      operation.connection = { lentAt: performance.now(), pid };
      await runner.query('SELECT 1');
      queries++;
    } catch (error) {
      // A kill that is under way is noted when the server has answered.
      await Promise.resolve(killing);
      operation.to = performance.now();
      const cause = causeOf(error, operation, mischief);
      if (cause === undefined) unaccounted.push({ error, operation });
      else causes[cause]++;
      await sleep(20);
    } finally {
      await runner.release();
    }
  }

  let killing: Promise<void> | undefined;
  const done = (): boolean => logins.accepted >= wanted || seconds > mostSeconds;

  async function user(dataSource: DataSource, pauseInMs: () => number): Promise<void> {
    while (!done()) {
      const one = query(dataSource);
      underWay.add(one);
      await one;
      underWay.delete(one);
      const pause = pauseInMs();
      if (pause > 0) await sleep(pause);
    }
  }

  async function revoke(): Promise<void> {
    const tokens = app.get(EntraTokenService);
    while (!done()) {
      await sleep(between(200, 600));
      const { token: revoked } = await tokens.getToken('postgres');
      e2e.entra.postgres.revoke(revoked);
      revocations++;
      // A login whose second token is revoked too has had no chance: all that may have this one end first.
      while (!done() && (await tokens.getToken('postgres')).token === revoked) await sleep(10);
      await Promise.all(underWay);
    }
  }

  async function kill(): Promise<void> {
    const from = performance.now();
    const killed = await e2e.entra.postgres.query<{ pid: number }>(
      `SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE usename = $1 AND state IS NOT NULL ORDER BY random() LIMIT 2`,
      [e2e.entra.postgres.username],
    );
    const to = performance.now();
    mischief.kills.push(...killed.map(({ pid }) => ({ pid, from, to })));
  }

  async function disturb(): Promise<void> {
    while (!done()) {
      await sleep(between(100, 400));
      const dueRestarts = Math.min(restarts, Math.floor((logins.accepted / wanted) * (restarts + 1)));
      if (mischief.restarts.length < dueRestarts) {
        const restart = { from: performance.now(), to: Infinity };
        mischief.restarts.push(restart);
        await e2e.entra.postgres.restart();
        restart.to = performance.now();
      } else {
        killing = kill();
        await killing;
      }
    }
  }

  beforeAll(
    async () => {
      process.on('unhandledRejection', note);
      const server = { ...localDataSource(e2e.entra), poolErrorHandler: () => undefined };
      app = await e2e.boot(
        EntraAuthModule.forRoot({
          credential: credentialFactory(e2e.entra),
          refresh: { forcedRefreshCooldownInMs: 0 },
          dataSource: {
            // Each query logs in.
            default: { ...server, poolSize: 12, extra: { maxUses: 1 } },
            // Its connections are idle for much of their time, and none grows old.
            steady: { ...server, poolSize: 6, maxConnectionLifetimeInMs: 1_000 },
          },
        }),
        TypeOrmModule.forRootAsync({ useExisting: EntraTypeOrmOptionsFactory }),
        TypeOrmModule.forRootAsync({ name: 'steady', useExisting: EntraTypeOrmOptionsFactory }),
      );
      app.get(EntraTypeOrmOptionsFactory).logins.subscribe(({ outcome, at, tokenExpiresAt }) => {
        logins[outcome]++;
        if (tokenExpiresAt !== undefined && at >= tokenExpiresAt) begunTooLate++;
      });
      const churn = app.get<DataSource>(getDataSourceToken());
      const steady = app.get<DataSource>(getDataSourceToken('steady'));
      const startedAt = performance.now();
      const watch = setInterval(() => (seconds = (performance.now() - startedAt) / 1_000), 500);
      await Promise.all([
        ...Array.from({ length: 12 }, () => user(churn, () => 0)),
        ...Array.from({ length: 6 }, () => user(steady, () => between(20, 80))),
        revoke(),
        disturb(),
      ]);
      clearInterval(watch);
      seconds = (performance.now() - startedAt) / 1_000;
      process.stderr.write(
        `${JSON.stringify({ seconds, queries, logins, causes, revocations, kills: mischief.kills.length })}\n`,
      );
    },
    (mostSeconds + 60) * 1_000,
  );

  afterAll(async () => {
    await app?.[Symbol.asyncDispose]();
    process.off('unhandledRejection', note);
  });

  it('fails no query that had a server to go to and kept its session', () => {
    expect(unaccounted).toEqual([]);
    expect(logins.accepted).toBeGreaterThanOrEqual(wanted);
    expect(queries).toBeGreaterThan(wanted * 0.9);
    // No pool can be told in time of each kill, and few callers borrow a connection in just that moment.
    expect(causes['killed-while-idle']).toBeLessThanOrEqual(2 + mischief.kills.length / 20);
  });

  it('has really met what it is to endure', () => {
    expect(mischief.restarts).toHaveLength(restarts);
    expect(causes['server-down']).toBeGreaterThan(0);
    expect(mischief.kills.length).toBeGreaterThan(wanted / 250);
    expect(revocations).toBeGreaterThan(wanted / 500);
    // Each token lives for 5 s at most.
    const [{ refreshes } = { refreshes: 0 }] = app.get(EntraTokenService).state('postgres');
    expect(refreshes).toBeGreaterThan(seconds / 5);
  });

  it('presents a token in every login that is valid by its time, and replaces those that were revoked', () => {
    const { refused, refusedBy, minRemainingLifeInSeconds } = e2e.entra.postgres.logins;
    expect(minRemainingLifeInSeconds).toBeGreaterThan(0);
    expect(begunTooLate).toBe(0);
    // A token may end on its way: it is handed out until half a second before, and a busy machine takes that long.
    expect(refusedBy.expired).toBeLessThanOrEqual(wanted / 1_000);
    expect(refusedBy.revoked + refusedBy.expired).toBe(refused);
    expect(refused).toBe(logins.refused);
    expect(refused).toBeGreaterThan(0);
  });

  it('leaves no rejection unhandled', () => {
    expect(rejections).toEqual([]);
  });

  e2e.letsNoSecretOut();
});
