import type { Clock, Timestamp } from '../common/clock.js';
import {
  nextAttemptAfterFailure,
  refreshDueAt,
  usableUntil,
  type RefreshPolicy,
} from '../engine/refresh-policy.js';
import { TokenUnavailableError } from '../engine/token-unavailable.error.js';
import type { HeldAccessToken } from '../entra/held-access-token.js';
import type { UserEntry } from './user-entry.js';
import type { UserSlot } from './user-slot.js';

interface Schedule {
  readonly clock: Clock;
  readonly policy: RefreshPolicy;
}

/** Decides when a token that was granted is refreshed. */
export function schedule(
  entry: UserEntry,
  slot: UserSlot,
  held: HeldAccessToken,
  { clock, policy }: Schedule,
): void {
  slot.freshUntil = Math.min(dueAt(held, entry, policy, clock.random()), entry.usableUntil(slot));
}

/** Serves the held token on after a failure, and decides when its next use tries again. */
export function postpone(
  entry: UserEntry,
  slot: UserSlot,
  { held, error }: { held: HeldAccessToken; error: Error },
  { clock, policy }: Schedule,
): void {
  const failures = slot.fail();
  const known = error instanceof TokenUnavailableError ? error : undefined;
  const due = nextAttemptAfterFailure(
    {
      now: clock.now(),
      held,
      random: clock.random(),
      failures,
      retryable: known?.retryable ?? false,
      retryAfterInMs: known?.retryAfterInMs,
    },
    policy,
  );
  slot.freshUntil = Math.min(due, entry.usableUntil(slot));
}

/** A token that outlives the assertion needs no successor: nothing is served after the assertion. */
function dueAt(token: HeldAccessToken, entry: UserEntry, policy: RefreshPolicy, random: number): Timestamp {
  const isEnough = usableUntil(token) >= entry.endsAt && token.refreshAfterTimestamp === undefined;
  return isEnough ? Infinity : refreshDueAt(token, policy, random);
}
