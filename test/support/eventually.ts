import { setTimeout as sleep } from 'node:timers/promises';

const longestWaitInMs = 15_000;

/** Waits until a condition holds. An assertion about the same state comes after it, and tells what is wrong. */
export async function eventually(condition: () => boolean, withinInMs = longestWaitInMs): Promise<void> {
  const end = performance.now() + withinInMs;
  while (!condition() && performance.now() < end) await sleep(5);
}
