import type { WorkerPool } from '../worker-pool.js';
import { simulateTogether, type BootedTogether } from './booted-together.js';
import { simulateOutageOfFleet, type OutageOfFleet } from './outage-of-fleet.js';
import type { Fleet } from './simulated-fleet.js';

const life = 3_600;
const halfLife = life / 2;
const threeLives = 3 * life;
const backoffAlone = { backoff: { shareOfLifeLeft: 0 } };

// The database and Graph, as in the sample application.
const resources = 2;

export interface FleetResults {
  replicas: number;
  bootedTogether: BootedTogether[];
  outages: OutageOfFleet[];
}

/** @param fleets how many fleets that booted together are tried, each by itself */
export async function simulateFleets(
  pool: WorkerPool,
  replicas: number,
  fleets: number,
  seed: number,
): Promise<FleetResults> {
  const together: Fleet = {
    replicas,
    resources,
    bootsWithinInSeconds: 10,
    lifeInSeconds: [life, life],
    refresh: {},
    seconds: 4 * life,
  };
  // Refreshes that are due at any time, none more likely than another.
  const established: Fleet = { ...together, bootsWithinInSeconds: 0.475 * life };
  const asEntraIssues: Fleet = { ...established, lifeInSeconds: [life, 1.5 * life] };
  const minutes = (length: number, from: number) => ({ fromSecond: from, toSecond: from + length * 60 });
  // The sixth refresh: each comes 45–50 % of a life after the one before.
  const whenMostAreDue = Math.round(6 * 0.475 * life) - 300;
  const bootedTogether = (title: string, fleet: Fleet, fleets: number, hasGoal = false) =>
    simulateTogether(pool, { title, fleet, fleets, hasGoal }, [threeLives, threeLives + halfLife], seed);
  const outage = (title: string, fleet: Fleet, length: number, from: number, hasGoal = false) => {
    const scenario = { ...fleet, outage: minutes(length, from), seconds: 5 * life };
    return simulateOutageOfFleet(pool, title, scenario, seed, hasGoal);
  };
  const [unspread, spread, one] = await Promise.all([
    bootedTogether('without jitter (`jitter: 0`)', { ...together, refresh: { jitter: 0 } }, 1),
    bootedTogether('as it is', together, fleets, true),
    bootedTogether('as it is, one resource', { ...together, resources: 1 }, 1),
  ]);
  const outages = await Promise.all([
    outage('long established, 20 minutes', established, 20, threeLives, true),
    outage(
      'long established, 20 minutes, backoff alone (`shareOfLifeLeft: 0`)',
      { ...established, refresh: backoffAlone },
      20,
      threeLives,
    ),
    outage('booted together, 20 minutes when most refreshes are due', together, 20, whenMostAreDue),
    outage(
      'booted together, the same, backoff alone (`shareOfLifeLeft: 0`)',
      { ...together, refresh: backoffAlone },
      20,
      whenMostAreDue,
    ),
    outage('long established, 10 minutes', established, 10, threeLives, true),
    outage('long established, 20 minutes, tokens of 60–90 minutes', asEntraIssues, 20, threeLives, true),
    outage('long established, 27 minutes', established, 27, threeLives),
  ]);
  return { replicas, bootedTogether: [unspread, spread, one], outages };
}
