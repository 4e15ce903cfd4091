import { beforeAll, describe, expect, it } from '@jest/globals';

import { repositoryRoot } from '../../support/build.js';
import { runProgram } from '../../support/run-program.js';
import type { StrategySummary } from '../../simulation/outage/outage-summary.js';

let summaries: StrategySummary[];

beforeAll(async () => {
  const simulate = ['run', '--silent', 'simulate', '--', '--outages', '300', '--replicas', '0', '--json'];
  const { stdout } = await runProgram('npm', simulate, { cwd: repositoryRoot });
  summaries = (JSON.parse(stdout) as { outages: StrategySummary[] }).outages;
});

const of = (strategy: string, identity: string): StrategySummary => {
  const found = summaries.find((each) => each.strategy === strategy && each.identity === identity);
  if (found === undefined) throw new Error(`${strategy} with ${identity} was not simulated.`);
  return found;
};

// The promises of docs/simulation.md, written down a second time.
const identities = [
  ['client-secret', 0.45],
  ['managed-identity', 0.45],
  ['managed-identity-late', 0.15],
] as const;

describe.each(identities)('in outages at any moment, with %s', (identity, survives) => {
  it.each(['module', 'module-factory'])(
    `no login fails with the %s in any that is shorter than ${survives * 100} %% of a token’s life`,
    (strategy) => {
      const { outages, before, shortestWithFailure, buckets } = of(strategy, identity);
      expect(outages).toBe(100);
      expect(before.tried).toBeGreaterThan(1_000);
      expect(before.failed).toBe(0);
      const survived = buckets.filter(({ to }) => to <= survives + 0.001);
      expect(survived.reduce((tried, { logins }) => tried + logins.tried, 0)).toBeGreaterThan(100);
      expect(shortestWithFailure ?? 1).toBeGreaterThanOrEqual(survives);
    },
  );

  it.each(['module', 'module-factory'])('the %s leaves no rejection unhandled', (strategy) => {
    expect(of(strategy, identity).unhandledRejections).toBe(0);
  });

  it('a credential asked on each connection loses logins in much shorter ones', () => {
    const peer = of('per-connection', identity);
    expect(peer.before.failed).toBe(0);
    expect(peer.shortestWithFailure).toBeLessThan(0.2);
  });
});

describe('with tokens of 60 to 90 minutes', () => {
  it('getBearerTokenProvider loses logins in short outages', () => {
    expect(of('bearer-token-provider', 'client-secret').shortestWithFailure).toBeLessThan(0.2);
  });

  it('a timer of 55 minutes loses logins without any outage', () => {
    expect(of('interval', 'client-secret').before.failed).toBeGreaterThan(0);
  });
});
