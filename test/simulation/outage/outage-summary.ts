import type { IdentityName } from './identity.js';
import type { Logins, OutageResult } from './simulate-outage.js';

/** Outages of similar length, as one strategy met them. */
export interface OutageBucket {
  /** Length as shares of the token's life. */
  from: number;
  to: number;
  outages: number;
  /** Outages in which at least one login failed. */
  outagesWithFailures: number;
  logins: Logins;
}

export interface StrategySummary {
  identity: IdentityName;
  strategy: string;
  outages: number;
  before: Logins;
  buckets: OutageBucket[];
  requestsPerOutage: number;
  unhandledRejections: number;
  /** The shortest outage in which a login failed, as a share of the token's life. */
  shortestWithFailure: number | null;
}

/** @param bounds where one bucket ends and the next begins, as shares of a token's life */
export function summarize(results: readonly OutageResult[], bounds: readonly number[]): StrategySummary[] {
  const groups = new Map<string, OutageResult[]>();
  for (const result of results) {
    const key = `${result.identity} ${result.strategy}`;
    groups.set(key, [...(groups.get(key) ?? []), result]);
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const withFailure = group.filter((result) => result.during.failed > 0);
    return {
      identity: first.identity,
      strategy: first.strategy,
      outages: group.length,
      before: sum(group.map((result) => result.before)),
      buckets: bounds.slice(1).map((to, index) => bucket(group, bounds[index] ?? 0, to)),
      requestsPerOutage: group.reduce((total, result) => total + result.requestsInOutage, 0) / group.length,
      unhandledRejections: group.reduce((total, result) => total + result.unhandledRejections, 0),
      shortestWithFailure: withFailure.reduce<number | null>(
        (least, { lengthInLives }) => (least === null ? lengthInLives : Math.min(least, lengthInLives)),
        null,
      ),
    };
  });
}

function bucket(results: readonly OutageResult[], from: number, to: number): OutageBucket {
  const inside = results.filter(({ lengthInLives }) => lengthInLives >= from && lengthInLives < to);
  return {
    from,
    to,
    outages: inside.length,
    outagesWithFailures: inside.filter(({ during }) => during.failed > 0).length,
    logins: sum(inside.map(({ during }) => during)),
  };
}

function sum(logins: readonly Logins[]): Logins {
  return logins.reduce(
    (total, { tried, failed }) => ({ tried: total.tried + tried, failed: total.failed + failed }),
    { tried: 0, failed: 0 },
  );
}
