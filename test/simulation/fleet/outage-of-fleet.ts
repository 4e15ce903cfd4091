import type { WorkerPool } from '../worker-pool.js';
import { byChance, median } from './chance.js';
import { RequestRate, type PeakSecond } from './request-rate.js';
import type { Fleet } from './simulated-fleet.js';

const hour = 3_600;

/** A fleet that lives through an outage. */
export interface OutageOfFleet {
  title: string;
  /** Whether the goal is meant for it: it is not a comparison, and no token was near its end. */
  hasGoal: boolean;
  fromSecond: number;
  toSecond: number;
  /** Requests per second, on average of the hour before the outage: the steady rate. */
  steady: number;
  /** The busiest second of the same hour. */
  ordinary: PeakSecond;
  duringOutage: PeakSecond;
  /** The busiest second after the outage, and what it would be if the requests of each minute came by chance. */
  recovery: PeakSecond;
  recoveryByChance: number;
  /** Mean of the seconds of the busiest minute after the outage. */
  busiestMinuteAfter: number;
  rate: RequestRate;
}

export async function simulateOutageOfFleet(
  pool: Pick<WorkerPool, 'runFleet'>,
  title: string,
  fleet: Fleet & Required<Pick<Fleet, 'outage'>>,
  seed: number,
  hasGoal: boolean,
): Promise<OutageOfFleet> {
  const rate = new RequestRate(await pool.runFleet({ kind: 'fleet', fleet, seed }));
  const { fromSecond, toSecond } = fleet.outage;
  const { seconds } = fleet;
  return {
    title,
    hasGoal,
    fromSecond,
    toSecond,
    steady: rate.mean(fromSecond - hour, fromSecond),
    ordinary: rate.peak(fromSecond - hour, fromSecond),
    duringOutage: rate.peak(fromSecond, toSecond),
    recovery: rate.peak(toSecond, seconds),
    recoveryByChance: median(
      byChance(rate, [toSecond, seconds], seed, (shuffled) => shuffled.peak(toSecond, seconds).requests),
    ),
    busiestMinuteAfter: rate.busiestMinute(toSecond, seconds),
    rate,
  };
}
