import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';

import { LoginRetry } from '../../../lib/redis/login-retry.js';

const minute = 60_000;

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

/** Fails each try until the connection was replaced, which fails so often first. */
function failing(lifeInMs: number, failedReplacements = 0) {
  const retry = new LoginRetry();
  const startedAt = Date.now();
  const seen = { tries: [] as number[], replacements: [] as number[] };
  const plan = (): void => {
    retry.plan(
      startedAt + lifeInMs,
      () => {
        seen.tries.push(Date.now() - startedAt);
        plan();
      },
      () => {
        seen.replacements.push(Date.now() - startedAt);
        if (seen.replacements.length <= failedReplacements) plan();
      },
    );
  };
  plan();
  return { retry, seen };
}

it('tries again by backoff, and replaces the connection before its token ends', () => {
  const { seen } = failing(30 * minute);
  jest.advanceTimersByTime(30 * minute);
  expect(seen.tries[0]).toBeLessThanOrEqual(1_000);
  expect(seen.tries.length).toBeGreaterThan(60);
  expect(seen.tries.length).toBeLessThan(300);
  expect(seen.replacements).toHaveLength(1);
  expect(seen.replacements[0]).toBeGreaterThanOrEqual(30 * minute - 10_000);
  expect(seen.replacements[0]).toBeLessThanOrEqual(30 * minute - 9_900);
  expect(seen.tries.at(-1)).toBeLessThanOrEqual(30 * minute - 10_000);
});

it.each([2_000, 5_000])('has time for both with %d ms left', (lifeInMs) => {
  const { seen } = failing(lifeInMs);
  jest.advanceTimersByTime(lifeInMs);
  expect(seen.tries.length).toBeGreaterThan(1);
  // Never sooner than a moment after the last try.
  expect(seen.replacements).toHaveLength(1);
  expect(seen.replacements[0]).toBeGreaterThanOrEqual(lifeInMs * 0.75);
  expect(seen.replacements[0]).toBeLessThanOrEqual(lifeInMs * 0.75 + 100);
});

it('goes on replacing while that fails', () => {
  const { seen } = failing(minute, 3);
  jest.advanceTimersByTime(minute);
  expect(seen.replacements).toHaveLength(4);
});

it('stops', () => {
  const { retry, seen } = failing(minute);
  retry.stop();
  jest.advanceTimersByTime(minute);
  expect(seen).toEqual({ tries: [], replacements: [] });
  expect(jest.getTimerCount()).toBe(0);
});
