import { setTimeout as sleep } from 'node:timers/promises';

const longestWaitInMs = 60_000;

/** Waits until a condition holds. An assertion about the same state comes after it, and tells what is wrong. */
export async function eventually(condition: () => boolean, withinInMs = longestWaitInMs): Promise<void> {
  const end = performance.now() + withinInMs;
  while (!condition() && performance.now() < end) await sleep(5);
}

/**
 * Measures work that a standstill of the machine may have slowed down, so that it is done anew when it took too long.
 *
 * @returns how long the quickest of at most three attempts took, in milliseconds
 */
export async function quickestOfThree(limitInMs: number, work: () => Promise<unknown>): Promise<number> {
  let quickest = Infinity;
  for (let attempt = 0; attempt < 3 && quickest >= limitInMs; attempt++) {
    const start = performance.now();
    await work();
    quickest = Math.min(quickest, performance.now() - start);
  }
  return quickest;
}
