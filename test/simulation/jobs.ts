import { simulateOutage, type OutageResult } from './outage/simulate-outage.js';
import { simulateFleet, type Fleet } from './fleet/simulated-fleet.js';
import type { RequestRate } from './fleet/request-rate.js';
import { SimulatedTime } from './simulated-time.js';

/** Outages `from` to `to` as one strategy meets them. */
export interface OutageJob {
  kind: 'outages';
  seed: number;
  from: number;
  to: number;
  strategy: number;
}

export interface FleetJob {
  kind: 'fleet';
  seed: number;
  fleet: Fleet;
}

const startsAt = Date.UTC(2026, 0, 1);

// Millions of errors are made whose place is never read.
Error.stackTraceLimit = 0;

/** Simulates outages. The process must be a new one: see `simulateOutage`. */
export async function runOutages({ seed, from, to, strategy }: OutageJob): Promise<OutageResult[]> {
  const time = new SimulatedTime(startsAt);
  const results: OutageResult[] = [];
  for (let index = from; index < to; index++) {
    results.push(await simulateOutage(time, seed, index, strategy));
  }
  return results;
}

/** @returns the requests in each second */
export async function runFleet({ seed, fleet }: FleetJob): Promise<RequestRate['perSecond']> {
  return (await simulateFleet(fleet, seed)).perSecond;
}
