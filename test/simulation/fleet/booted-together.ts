import type { WorkerPool } from '../worker-pool.js';
import { byChance, median } from './chance.js';
import { goalOfSpread } from './fleet-goals.js';
import { RequestRate } from './request-rate.js';
import type { Fleet } from './simulated-fleet.js';

/** Fleets whose replicas all booted within ten seconds, seen after three lifetimes. Each is judged by itself. */
export interface BootedTogether {
  title: string;
  /** Whether the goal is meant for it. */
  hasGoal: boolean;
  fleets: number;
  /** Of the fleet in the middle: requests in the busiest second, and the mean of its minute. */
  requests: number;
  meanOfMinute: number;
  /** The busiest second to the mean of its minute: in the middle of the fleets, the least and the most. */
  peakToMinute: number;
  least: number;
  most: number;
  /** The same for the fleet in the middle, if its requests had nothing to do with each other. */
  byChance: number;
  /** How often it would then exceed the goal: a share. */
  exceedsByChance: number;
  /** Of one of the fleets. */
  rate: RequestRate;
}

export async function simulateTogether(
  pool: Pick<WorkerPool, 'runFleet'>,
  { title, fleet, fleets, hasGoal }: { title: string; fleet: Fleet; fleets: number; hasGoal: boolean },
  [from, to]: readonly [from: number, to: number],
  seed: number,
): Promise<BootedTogether> {
  const ratio = (rate: RequestRate): number => {
    const { requests, meanOfMinute } = rate.peak(from, to);
    return requests / meanOfMinute;
  };
  const runs = await Promise.all(
    Array.from({ length: fleets }, async (_, n) => {
      const rate = new RequestRate(await pool.runFleet({ kind: 'fleet', fleet, seed: seed + n }));
      return { rate, peak: rate.peak(from, to), ratio: ratio(rate) };
    }),
  );
  const ordered = runs.toSorted((a, b) => a.ratio - b.ratio);
  const middle = ordered[ordered.length >> 1];
  if (middle === undefined) throw new Error('No fleet was simulated.');
  const ratios = ordered.map((run) => run.ratio);
  const draws = byChance(middle.rate, [from, to], seed, ratio);
  return {
    title,
    hasGoal,
    fleets,
    requests: middle.peak.requests,
    meanOfMinute: middle.peak.meanOfMinute,
    peakToMinute: median(ratios),
    least: Math.min(...ratios),
    most: Math.max(...ratios),
    byChance: median(draws),
    exceedsByChance: draws.filter((drawn) => drawn > goalOfSpread).length / draws.length,
    rate: middle.rate,
  };
}
