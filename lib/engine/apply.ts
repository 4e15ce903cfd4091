import type { HeldAccessToken } from '../entra/held-access-token.js';
import { endsAtOnce, explain, unchanged } from './attempt-failure.js';
import { isInDoubt, noTrouble, unexpired, type EntryState } from './entry-state.js';
import {
  livesOnlyAMoment,
  nextAttemptAfterFailure,
  nextAttemptAfterSameToken,
  refreshDueAt,
  usableUntil,
  type RefreshPolicy,
} from './refresh-policy.js';
import type { TokenEvent } from './token-event.js';
import type { TokenUnavailableError } from './token-unavailable.error.js';
import {
  endOf,
  failed,
  held,
  obtained,
  recovered,
  unchangedToken,
  type Occasion,
} from './transition-events.js';

/** What came of an attempt, of the answer to a claims challenge, or of a login with the held token. */
export type Outcome =
  | { readonly kind: 'new'; readonly token: HeldAccessToken }
  | { readonly kind: 'same'; readonly challenged: boolean }
  | { readonly kind: 'failed'; readonly error: unknown; readonly challenged: boolean }
  | { readonly kind: 'rejected' };

export interface OutcomeContext extends Occasion {
  /** A number in [0, 1). */
  readonly random: number;
  readonly policy: RefreshPolicy;
}

export interface Transition {
  /** What follows, with the time of the next attempt. */
  readonly state: EntryState;
  readonly events: readonly TokenEvent[];
  /** For callers that wait for the attempt: a new token, or the held one where that is as good. */
  readonly token?: HeldAccessToken;
  /** For the same callers: why the attempt brought no token. */
  readonly error?: TokenUnavailableError;
}

/** Decides what an outcome means. Pure: time, chance and the policy are arguments. */
export function apply(before: EntryState, outcome: Outcome, context: OutcomeContext): Transition {
  switch (outcome.kind) {
    case 'new':
      return replace(before, outcome.token, context);
    case 'same':
      return outcome.challenged ? keepDespiteClaims(before, context) : keep(before, context);
    case 'failed':
      return outcome.challenged
        ? failChallenge(before, outcome.error, context)
        : fail(before, outcome.error, context);
    case 'rejected':
      return reject(before, context);
  }
}

function replace(before: EntryState, token: HeldAccessToken, context: OutcomeContext): Transition {
  const type = before.held === undefined ? 'acquired' : 'refreshed';
  const holding: EntryState = {
    ...before,
    held: token,
    servedUntil: usableUntil(token),
    isRejected: false,
    refreshes: before.refreshes + 1,
    trouble: { ...before.trouble, end: undefined },
  };
  if (livesOnlyAMoment(token)) {
    // Its end comes before the next token could: attempts are spaced out as after a failure.
    const { state, events } = failWithin(undefined, holding, endsAtOnce(token), context);
    return { state, events: [obtained(type, state, token, context), ...events], token };
  }
  const nextAttemptAt = refreshDueAt(token, context.policy, context.random);
  const state = { ...holding, nextAttemptAt, decidedAt: token.acquiredAt, trouble: noTrouble };
  const events = [obtained(type, state, token, context), ...recovered(before, token, context)];
  return { state, events, token };
}

/** The credential had no other token. Close to the end of the held one that is a failure. */
function keep(before: EntryState, context: OutcomeContext): Transition {
  const { now, random, policy } = context;
  const token = unexpired(before, now);
  const nextAttemptAt = token && nextAttemptAfterSameToken(token, now, random, policy);
  if (token === undefined || nextAttemptAt === undefined) return fail(before, unchanged(), context);
  const servedUntil = usableUntil(token);
  const state = { ...before, servedUntil, nextAttemptAt, decidedAt: now, trouble: noTrouble };
  const events = [unchangedToken(state, token, context), ...recovered(before, token, context)];
  return { state, events, token };
}

/** The credential ignores claims, as managed identity does. The next attempt stays where it was. */
function keepDespiteClaims(state: EntryState, context: OutcomeContext): Transition {
  const token = unexpired(state, context.now);
  if (token === undefined) return failChallenge(state, unchanged(), context);
  return { state, events: [unchangedToken(state, token, context)], token };
}

function fail(before: EntryState, error: unknown, context: OutcomeContext): Transition {
  const { now } = context;
  // A token that a server rejected, or whose end is not known, gives no time to wait.
  const leavesTime = isInDoubt(before, now) ? undefined : unexpired(before, now);
  return failWithin(leavesTime, before, error, context);
}

/** @param leavesTime the token whose life leaves time until the next attempt, if there is one */
function failWithin(
  leavesTime: HeldAccessToken | undefined,
  before: EntryState,
  error: unknown,
  context: OutcomeContext,
): Transition {
  const { now, random, policy } = context;
  const { failure, unavailable } = explain(error, context);
  const failures = before.trouble.consecutiveFailures + 1;
  const situation = { ...failure, now, held: leavesTime, random, failures };
  const state: EntryState = {
    ...before,
    // A rejected token that could not be replaced is the best there is: the next caller need not wait again.
    servedUntil: before.held === undefined ? -Infinity : usableUntil(before.held),
    nextAttemptAt: nextAttemptAfterFailure(situation, policy),
    decidedAt: now,
    failures: before.failures + 1,
    trouble: {
      consecutiveFailures: failures,
      lastError: unavailable,
      needsSignIn: before.trouble.needsSignIn || failure.signIn === true,
      end: endOf(before, now) ?? before.trouble.end,
    },
  };
  return { state, events: failed(before, state, failure, unavailable, context), error: unavailable };
}

/** Affects only the callers that were challenged: the held token stays valid, and the next attempt where it was. */
function failChallenge(before: EntryState, error: unknown, context: OutcomeContext): Transition {
  const { failure, unavailable } = explain(error, context);
  const trouble = {
    ...before.trouble,
    needsSignIn: before.trouble.needsSignIn || failure.signIn === true,
    end: endOf(before, context.now) ?? before.trouble.end,
  };
  const state = { ...before, trouble };
  return { state, events: failed(before, state, failure, unavailable, context), error: unavailable };
}

/** Callers wait for the token that replaces the rejected one, unless one was just forced. */
function reject(before: EntryState, context: OutcomeContext): Transition {
  const sinceInMs = context.now - (before.lastForcedAt ?? -Infinity);
  // Less than nothing: the clock was set back.
  const isCoolingDown = sinceInMs >= 0 && sinceInMs < context.policy.forcedRefreshCooldownInMs;
  if (before.held === undefined || isCoolingDown) return { state: before, events: [] };
  const state = { ...before, isRejected: true, servedUntil: -Infinity, lastForcedAt: context.now };
  return { state, events: [held('rejected', before.held, context)] };
}
