import { describe, expect, it } from '@jest/globals';

import { simulateOutageOfFleet, simulateTogether } from '../../simulation/fleet/scenarios.js';
import { simulateFleet, type Fleet } from '../../simulation/fleet/simulated-fleet.js';
import type { FleetJob } from '../../simulation/jobs.js';

const hour = 3_600;
const minute = 60;
const seed = 1;

const pool = { runFleet: async ({ fleet, seed }: FleetJob) => (await simulateFleet(fleet, seed)).perSecond };

const bootedTogether: Fleet = {
  replicas: 4_000,
  bootsWithinInSeconds: 10,
  lifeInSeconds: hour,
  refresh: {},
  seconds: 3.5 * hour,
};

describe('a fleet that booted within ten seconds, after three lifetimes', () => {
  it('spreads its requests over the minute', async () => {
    const { tenSecondsToMinute, peak } = await simulateTogether(pool, '', bootedTogether, 1, seed);
    expect(peak.meanOfMinute).toBeGreaterThan(5);
    expect(tenSecondsToMinute).toBeLessThan(1.5);
  });

  it('would ask all at once without jitter', async () => {
    const fleet = { ...bootedTogether, replicas: 1_000, refresh: { jitter: 0 } };
    expect((await simulateTogether(pool, '', fleet, 1, seed)).peakToMinute).toBeGreaterThan(5);
  });
});

describe('after an outage of 20 minutes', () => {
  const established: Fleet = { ...bootedTogether, bootsWithinInSeconds: 0.475 * hour };
  const outage = { fromSecond: 1.5 * hour, toSecond: 1.5 * hour + 20 * minute };

  it('a fleet asks at most twice as often in any second as it ordinarily does', async () => {
    const fleet = { ...established, outage, seconds: 2.9 * hour };
    const { recoveryToOrdinary, ordinaryMean, busiestMinuteAfter } = await simulateOutageOfFleet(
      pool,
      '',
      fleet,
      seed,
      true,
    );
    expect(recoveryToOrdinary).toBeLessThanOrEqual(2);
    expect(busiestMinuteAfter / ordinaryMean).toBeLessThan(3);
  });

  it('a fleet with backoff alone would fall upon Entra', async () => {
    const refresh = { backoff: { shareOfLifeLeft: 0 } };
    const fleet = { ...established, replicas: 400, refresh, outage, seconds: 2 * hour };
    expect((await simulateOutageOfFleet(pool, '', fleet, seed, false)).recoveryToOrdinary).toBeGreaterThan(5);
  });
});
