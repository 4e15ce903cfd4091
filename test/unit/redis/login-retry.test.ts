import { expect, it } from '@jest/globals';
import { ManualClock } from 'nestjs-entra-auth/testing';

import { LoginRetry } from '../../../lib/redis/login-retry.js';

const minute = 60_000;

/** Fails each try until the connection was replaced, which fails so often first. */
function failing(lifeInMs: number, failedReplacements = 0) {
  const clock = new ManualClock();
  const retry = new LoginRetry(clock);
  const startedAt = clock.now();
  const seen = { tries: [] as number[], replacements: [] as number[] };
  const plan = (): void => {
    retry.plan(
      startedAt + lifeInMs,
      () => {
        seen.tries.push(clock.now() - startedAt);
        plan();
      },
      () => {
        seen.replacements.push(clock.now() - startedAt);
        if (seen.replacements.length <= failedReplacements) plan();
      },
    );
  };
  plan();
  return { clock, retry, seen };
}

it('tries again by backoff, and replaces the connection ten seconds before its token ends', async () => {
  const { clock, seen } = failing(minute);
  await clock.advance(minute);
  expect(seen.tries).toEqual([500, 1_500, 3_500, 7_500, 15_500, 30_500, 45_500]);
  expect(seen.replacements).toEqual([minute - 10_000]);
});

it('waits at most 30 seconds between two tries', async () => {
  const { clock, seen } = failing(30 * minute);
  clock.setRandom(1);
  await clock.advance(30 * minute);
  const pauses = seen.tries.map((at, n) => at - (seen.tries[n - 1] ?? 0));
  expect(pauses.slice(0, 6)).toEqual([500, 2_000, 4_000, 8_000, 16_000, 30_000]);
  expect(new Set(pauses.slice(5))).toEqual(new Set([30_000]));
  expect(seen.replacements).toEqual([30 * minute - 10_000]);
});

it('has time for both with two seconds left', async () => {
  const { clock, seen } = failing(2_000);
  await clock.advance(2_000);
  expect(seen.tries[0]).toBe(125);
  expect(seen.tries.length).toBeGreaterThan(3);
  expect(seen.replacements).toEqual([1_500]);
});

it('replaces no sooner than 100 ms after a try', async () => {
  const { clock, retry } = failing(minute);
  retry.stop();
  clock.setRandom(0);
  const replacedAt: number[] = [];
  const startedAt = clock.now();
  const end = startedAt + 2_000;
  const plan = (): void => retry.plan(end, plan, () => replacedAt.push(clock.now() - startedAt));
  clock.setTimeout(plan, 50);
  plan();
  await clock.advance(50);
  // Tries at 150, 250 … 1450; a quarter of the life is left at 1500.
  await clock.advance(2_000);
  expect(replacedAt).toEqual([1_550]);
});

it('goes on replacing while that fails', async () => {
  const { clock, seen } = failing(minute, 3);
  await clock.advance(minute);
  expect(seen.replacements).toEqual([50_000, 50_100, 50_200, 50_300]);
});

it('stops', async () => {
  const { clock, retry, seen } = failing(minute);
  retry.stop();
  expect(clock.pendingTimers).toBe(0);
  await clock.advance(minute);
  expect(seen).toEqual({ tries: [], replacements: [] });
});
