import type { FleetJob } from '../jobs.js';
import type { WorkerPool } from '../worker-pool.js';
import { RequestRate, type PeakSecond } from './request-rate.js';
import type { Fleet } from './simulated-fleet.js';

const life = 3_600;
const halfLife = life / 2;
const threeLives = 3 * life;
const backoffAlone = { backoff: { shareOfLifeLeft: 0 } };

/** A fleet whose replicas all booted within ten seconds, seen after three lifetimes. */
export interface BootedTogether {
  title: string;
  fleets: number;
  peak: PeakSecond;
  peakToMinute: number;
  /** The same for ten seconds instead of one, where chance plays less of a part. */
  tenSecondsToMinute: number;
  rate: RequestRate;
}

/** A fleet that lives through an outage. */
export interface OutageOfFleet {
  title: string;
  /** Whether the goal is meant for it: it is no comparison, and no token was near its end. */
  hasGoal: boolean;
  fromSecond: number;
  toSecond: number;
  /** The busiest second of the hour before the outage. */
  ordinary: PeakSecond;
  /** Mean of the same hour. */
  ordinaryMean: number;
  duringOutage: PeakSecond;
  /** The busiest second after the outage. */
  recovery: PeakSecond;
  recoveryToOrdinary: number;
  busiestMinuteAfter: number;
  rate: RequestRate;
}

export interface FleetResults {
  replicas: number;
  bootedTogether: BootedTogether[];
  outages: OutageOfFleet[];
}

/**
 * @param fleets how many fleets that booted together are laid one upon the other; of a single one, the busiest second
 *   says more about chance than about the module
 */
export async function simulateFleets(
  pool: WorkerPool,
  replicas: number,
  fleets: number,
  seed: number,
): Promise<FleetResults> {
  const together: Fleet = {
    replicas,
    bootsWithinInSeconds: 10,
    lifeInSeconds: life,
    refresh: {},
    seconds: 4 * life,
  };
  // Refreshes that are due at any time, none more likely than another.
  const established: Fleet = { ...together, bootsWithinInSeconds: 0.475 * life };
  const minutes = (length: number, from: number) => ({ fromSecond: from, toSecond: from + length * 60 });
  // The sixth refresh: each comes 45–50 % of a life after the one before.
  const whenMostAreDue = Math.round(6 * 0.475 * life) - 300;
  const bootedTogether = (title: string, fleet: Fleet, count: number) =>
    simulateTogether(pool, title, fleet, count, seed);
  const outage = (title: string, fleet: Fleet, length: number, from: number, hasGoal = false) => {
    const scenario = { ...fleet, outage: minutes(length, from), seconds: 6 * life };
    return simulateOutageOfFleet(pool, title, scenario, seed, hasGoal);
  };
  const results = {
    bootedTogether: await Promise.all([
      bootedTogether('without jitter (`jitter: 0`)', { ...together, refresh: { jitter: 0 } }, 1),
      bootedTogether('as it is', together, 1),
      bootedTogether(`as it is, ${fleets} such fleets at once`, together, fleets),
    ]),
    outages: await Promise.all([
      outage('long established, 20 minutes', established, 20, threeLives, true),
      outage(
        'long established, 20 minutes, backoff alone (`shareOfLifeLeft: 0`)',
        { ...established, refresh: backoffAlone },
        20,
        threeLives,
      ),
      outage('booted together, 20 minutes when most refreshes are due', together, 20, whenMostAreDue, true),
      outage(
        'booted together, the same, backoff alone (`shareOfLifeLeft: 0`)',
        { ...together, refresh: backoffAlone },
        20,
        whenMostAreDue,
      ),
      outage('long established, 27 minutes', established, 27, threeLives),
    ]),
  };
  return { replicas, ...results };
}

export async function simulateTogether(
  pool: Pick<WorkerPool, 'runFleet'>,
  title: string,
  fleet: Fleet,
  fleets: number,
  seed: number,
): Promise<BootedTogether> {
  const rate = new RequestRate(fleet.seconds);
  const jobs = Array.from({ length: fleets }, (_, index): FleetJob => ({
    kind: 'fleet',
    fleet,
    seed: seed + index,
  }));
  for (const perSecond of await Promise.all(jobs.map((job) => pool.runFleet(job)))) rate.add(perSecond);
  const peak = rate.peak(threeLives, threeLives + halfLife);
  return {
    title,
    fleets,
    peak,
    peakToMinute: peak.requests / peak.meanOfMinute,
    tenSecondsToMinute: rate.tenSecondsToMinute(threeLives, threeLives + halfLife),
    rate,
  };
}

export async function simulateOutageOfFleet(
  pool: Pick<WorkerPool, 'runFleet'>,
  title: string,
  fleet: Fleet & Required<Pick<Fleet, 'outage'>>,
  seed: number,
  hasGoal: boolean,
): Promise<OutageOfFleet> {
  const rate = new RequestRate(fleet.seconds);
  rate.add(await pool.runFleet({ kind: 'fleet', fleet, seed }));
  const { fromSecond, toSecond } = fleet.outage;
  const ordinary = rate.peak(fromSecond - life, fromSecond);
  const recovery = rate.peak(toSecond, fleet.seconds);
  return {
    title,
    hasGoal,
    fromSecond,
    toSecond,
    ordinary,
    ordinaryMean: rate.mean(fromSecond - life, fromSecond),
    duringOutage: rate.peak(fromSecond, toSecond),
    recovery,
    recoveryToOrdinary: recovery.requests / ordinary.requests,
    busiestMinuteAfter: rate.busiestMinute(toSecond, fleet.seconds),
    rate,
  };
}
