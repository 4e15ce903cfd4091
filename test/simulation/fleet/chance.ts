import { seededRandom } from '../seeded-random.js';
import type { RequestRate } from './request-rate.js';

const draws = 100;

/**
 * What a measure would be if the requests of each minute came independently of each other, in each of many draws. No
 * client can do better that does not know of the others.
 */
export function byChance(
  rate: RequestRate,
  [from, to]: readonly [from: number, to: number],
  seed: number,
  measure: (shuffled: RequestRate) => number,
): number[] {
  const random = seededRandom(seed, 8);
  return Array.from({ length: draws }, () => measure(rate.shuffled(from, to, random)));
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return ((sorted[(sorted.length - 1) >> 1] ?? NaN) + (sorted[sorted.length >> 1] ?? NaN)) / 2;
}
