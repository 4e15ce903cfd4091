import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';

import { MachineClock } from '../../support/machine-clock.js';
import { azureIdentityVersions } from '../credential/azure-identity-versions.js';
import type { CredentialKind } from './credential-kinds.js';
import { longestStepInMs, mostFailures } from './fault-bounds.js';
import { checkColumn } from './fault-matrix.js';
import { FaultRun, type FaultOutcome } from './fault-run.js';
import { faultRows, type FaultRow } from './faults.js';
import { repairNameLookup } from './name-lookup.js';

/**
 * The tests of some columns of the fault matrix. Each test file has a process of its own, with one clock and one
 * environment.
 *
 * Jest fails a test during which a rejection went unhandled: that nothing is reported here is the proof of none.
 */
export function describeColumns(...kinds: readonly CredentialKind[]): void {
  const clock = new MachineClock();
  const environment = { ...process.env };
  let entra: LocalEntra;

  beforeAll(async () => {
    clock.install();
    entra = await startLocalEntra({
      clock: { now: clock.trueTime },
      // The clock jumps, and no platform writes the file anew meanwhile.
      federatedTokenLifetimeInSeconds: 10 * 365 * 24 * 3600,
    });
  });

  afterEach(async () => {
    await entra.faults.clear();
    repairNameLookup();
    clock.setRight();
  });

  afterAll(async () => {
    process.env = environment;
    clock.uninstall();
    await entra.stop();
  });

  const columns = kinds.flatMap((kind) =>
    Object.entries(azureIdentityVersions)
      .slice(0, kind.usesLibrary ? undefined : 1)
      .map(([version, load]) => ({
        kind,
        load,
        of: kind.usesLibrary ? ` of @azure/identity ${version}` : '',
      })),
  );

  describe.each(columns)('with $kind.title$of', ({ kind, load }) => {
    const column = new Map<string, string>();

    beforeAll(async () => {
      Object.assign(process.env, kind.environment(entra));
      await kind.prepare?.();
      entra.tokenLifetimeInSeconds = kind.tokenLifeInMs / 1000;
    });

    it.each(faultRows.map((fault) => ({ fault })))(
      'no caller notices while a valid token is held: $fault.title',
      async ({ fault }) => {
        const brief = await new FaultRun(kind, fault, entra, clock, load).run('brief');
        await entra.faults.clear();
        const long = await new FaultRun(kind, fault, entra, clock, load).run('long');
        column.set(fault.title, inWords(kind, fault, long));
        check(kind, fault, brief);
        check(kind, fault, long);
      },
    );

    it('has its results in docs/fault-matrix.md', () => checkColumn(kind.title, column));
  });
}

function check(kind: CredentialKind, fault: FaultRow, outcome: FaultOutcome): void {
  expect(outcome.calls).toBeGreaterThan(10);
  expect(outcome.errors).toEqual([]);
  expect(outcome.waits).toBe(0);
  expect(outcome.failedAttempts).toBeLessThanOrEqual(mostFailures(kind, fault, outcome));
  expect(outcome.requests).toBeLessThanOrEqual(outcome.attempts * kind.requestsPerAttempt);
  expect(outcome.pendingTimers).toBe(0);
  expect(outcome.recovered).toBe(true);
  expect(outcome.steps).toBeLessThanOrEqual(1);
  expect(outcome.recoveryInMs).toBeLessThanOrEqual(longestStepInMs(fault, outcome));
  expect(outcome.lastToken.token.length).toBeGreaterThan(fault.tokenLongerThan ?? 0);
}

/** The outcome as a cell of the table. */
function inWords(kind: CredentialKind, fault: FaultRow, outcome: FaultOutcome): string {
  const { errors, waits, failedAttempts, recovered, steps, permanent } = outcome;
  if (errors.length + waits > 0) return `**${errors.length} errors, ${waits} waits**`;
  if (fault.stopsTheProcess) return 'new token on the first call';
  if (fault.breaksNameLookup && !kind.looksNamesUp) return 'served; no name is looked up';
  if (failedAttempts === 0) return 'served; fresh throughout';
  const attempts = `${failedAttempts} failed ${failedAttempts === 1 ? 'attempt' : 'attempts'}`;
  if (!recovered) return `served; ${attempts}; **not fresh**`;
  const step = `fresh after ${steps} ${steps === 1 ? 'step' : 'steps'}`;
  return `served; ${attempts}; ${step}${permanent ? ' [^permanent]' : ''}`;
}
