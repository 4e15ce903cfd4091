import { beforeAll, describe, expect, it } from '@jest/globals';

import { simulateTogether } from '../../simulation/fleet/booted-together.js';
import { simulateOutageOfFleet } from '../../simulation/fleet/outage-of-fleet.js';
import type { Fleet } from '../../simulation/fleet/simulated-fleet.js';
import { WorkerPool } from '../../simulation/worker-pool.js';
import { bundleProgram } from '../../support/bundle.js';

const hour = 3_600;
const minute = 60;
const seed = 1;

let pool: WorkerPool;

// In threads of their own, where the globals are not those of a test runner, they take a third of the time.
beforeAll(async () => {
  pool = new WorkerPool(await bundleProgram('test/simulation/worker.ts'));
});

const bootedTogether: Fleet = {
  replicas: 2_000,
  resources: 2,
  bootsWithinInSeconds: 10,
  lifeInSeconds: [hour, hour],
  refresh: {},
  seconds: 3.5 * hour,
};

describe('a fleet that booted within ten seconds, after three lifetimes', () => {
  const watch = (fleet: Fleet) =>
    simulateTogether(pool, { title: '', fleet, fleets: 1, hasGoal: true }, [3 * hour, 3.5 * hour], seed);

  it('asks like so many strangers', async () => {
    const { peakToMinute, byChance, meanOfMinute } = await watch(bootedTogether);
    expect(meanOfMinute).toBeGreaterThan(5);
    expect(peakToMinute).toBeLessThan(1.2 * byChance);
  });

  it('would ask all at once without jitter', async () => {
    const { peakToMinute, byChance } = await watch({
      ...bootedTogether,
      replicas: 1_000,
      refresh: { jitter: 0 },
    });
    expect(peakToMinute).toBeGreaterThan(5);
    expect(peakToMinute).toBeGreaterThan(2 * byChance);
  });
});

describe('after an outage of 20 minutes', () => {
  const established: Fleet = { ...bootedTogether, bootsWithinInSeconds: 0.475 * hour };
  const outage = { fromSecond: hour, toSecond: hour + 20 * minute };

  it('a fleet asks at most twice as often in any minute as it ordinarily does', async () => {
    const fleet = { ...established, outage, seconds: 2.1 * hour };
    const after = await simulateOutageOfFleet(pool, '', fleet, seed, true);
    expect(after.busiestMinuteAfter).toBeLessThanOrEqual(2 * after.steady);
    // Within the minute there is no more to it than chance.
    expect(after.recovery.requests).toBeLessThan(1.3 * after.recoveryByChance);
  });

  it('a fleet with backoff alone would fall upon Entra', async () => {
    const refresh = { backoff: { shareOfLifeLeft: 0 } };
    const fleet = { ...established, replicas: 400, refresh, outage, seconds: 1.5 * hour };
    const { busiestMinuteAfter, steady } = await simulateOutageOfFleet(pool, '', fleet, seed, false);
    expect(busiestMinuteAfter).toBeGreaterThan(5 * steady);
  });
});
