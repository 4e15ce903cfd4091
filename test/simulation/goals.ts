import { goalOfRecovery, goalOfSpread } from './fleet/fleet-goals.js';
import type { FleetResults } from './fleet/scenarios.js';
import { identities } from './outage/identity.js';
import { failuresBelowGoal } from './outage/outage-report.js';
import type { StrategySummary } from './outage/outage-summary.js';
import { strategies } from './outage/strategy.js';

export interface Goal {
  name: string;
  value: number;
  most: number;
  met: boolean;
}

/** What was promised, and what came out. */
export function judge(summaries: readonly StrategySummary[], fleet: FleetResults | undefined): Goal[] {
  const ours = strategies.filter(({ isOurs }) => isOurs).map(({ name }) => name);
  const ofOutages = identities.flatMap((identity) =>
    summaries
      .filter((summary) => summary.identity === identity.name && ours.includes(summary.strategy))
      .map((summary) =>
        goal(
          `failed logins in outages below ${identity.survivesInLives * 100} % of a life: ${summary.strategy}, ${summary.identity}`,
          failuresBelowGoal(summary, identity),
          0,
        ),
      ),
  );
  if (fleet === undefined) return ofOutages;
  return [
    ...ofOutages,
    ...fleet.bootedTogether
      .filter(({ hasGoal }) => hasGoal)
      .map(({ fleets, peakToMinute }) =>
        goal(
          `busiest second to the mean of its minute, booted within ten seconds: the median of ${fleets} fleets`,
          peakToMinute,
          goalOfSpread,
        ),
      ),
    ...fleet.outages
      .filter(({ hasGoal }) => hasGoal)
      .map(({ title, busiestMinuteAfter, steady }) =>
        goal(
          `busiest minute after an outage to the steady rate: ${title}`,
          busiestMinuteAfter / steady,
          goalOfRecovery,
        ),
      ),
  ];
}

function goal(name: string, value: number, most: number): Goal {
  return { name, value, most, met: value <= most };
}
