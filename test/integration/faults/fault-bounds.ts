import type { CredentialKind } from './credential-kinds.js';
import type { FaultOutcome } from './fault-run.js';
import type { FaultRow } from './faults.js';

// The promises of the module's documentation, written down a second time: a test that asked the code would agree
// with whatever it does.
const firstDelayInMs = 1_000;
const longestDelayInMs = 30_000;
const longestCalmDelayInMs = 1_800_000;
const lastMinutesInMs = 180_000;
const permanentErrorDelayInMs = { least: 270_000, most: 330_000 };

/** What `random()` of the test's clock returns: full jitter halves each delay. */
const random = 0.5;

/**
 * The longest that the next attempt may be away when a fault ends: one step of the backoff, or of the calmer retries
 * of a token that still lives long.
 */
export function longestStepInMs({ retryAfterInMs = 0 }: FaultRow, outcome: FaultOutcome): number {
  if (outcome.permanent) return permanentErrorDelayInMs.most;
  const calm = outcome.lifeLeftInMs < lastMinutesInMs ? 0 : 1.25 * longestCalmDelayInMs;
  return Math.max(longestDelayInMs, calm) + retryAfterInMs;
}

/** How many attempts may fail in the time for which they did. */
export function mostFailures(kind: CredentialKind, fault: FaultRow, outcome: FaultOutcome): number {
  const { retryAfterInMs = 0, hangs = false } = fault;
  const asked = (kind.passesRetryAfterOn ? retryAfterInMs : 0) + (hangs ? kind.deadlineInMs : 0);
  let left = outcome.failingForInMs;
  for (let failures = 1; ; failures++) {
    left -= outcome.permanent ? permanentErrorDelayInMs.least : asked + random * backoffBound(failures);
    if (left < 0) return failures;
  }
}

/** Doubles with each failure in a row. */
function backoffBound(failures: number): number {
  return Math.min(longestDelayInMs, firstDelayInMs * 2 ** (failures - 1));
}
