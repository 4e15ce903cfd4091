import type { Timestamp } from '../common/clock.js';
import type { CredentialFailure } from '../credential/credential-failure.js';
import type { HeldAccessToken } from '../entra/held-access-token.js';
import { unexpired, type EntryState } from './entry-state.js';
import { isExpiring } from './refresh-policy.js';
import type { TokenEvent, TokenHeldEvent } from './token-event.js';
import type { TokenUnavailableError } from './token-unavailable.error.js';

/** When something happened, and to which resource. */
export interface Occasion {
  readonly now: Timestamp;
  readonly resource: string;
  /** When the attempt began, if there was one. */
  readonly startedAt?: Timestamp | undefined;
}

function duration({ now, startedAt }: Occasion): { durationInMs?: number } {
  // Less than nothing: the clock was set back.
  return startedAt === undefined ? {} : { durationInMs: Math.max(0, now - startedAt) };
}

export function obtained(
  type: 'acquired' | 'refreshed',
  { nextAttemptAt }: EntryState,
  { acquiredAt, expiresOnTimestamp }: HeldAccessToken,
  occasion: Occasion,
): TokenEvent {
  return {
    type,
    resource: occasion.resource,
    at: new Date(acquiredAt),
    expiresAt: new Date(expiresOnTimestamp),
    nextRefreshAt: new Date(nextAttemptAt),
    ...duration(occasion),
  };
}

export function unchangedToken(
  { nextAttemptAt }: EntryState,
  { expiresOnTimestamp }: HeldAccessToken,
  occasion: Occasion,
): TokenEvent {
  return {
    type: 'unchanged',
    resource: occasion.resource,
    at: new Date(occasion.now),
    expiresAt: new Date(expiresOnTimestamp),
    nextRefreshAt: new Date(nextAttemptAt),
    ...duration(occasion),
  };
}

export function held(
  type: TokenHeldEvent['type'],
  { expiresOnTimestamp }: HeldAccessToken,
  { resource, now }: Occasion,
): TokenEvent {
  return { type, resource, at: new Date(now), expiresAt: new Date(expiresOnTimestamp) };
}

/** The end of failures, if there were any. */
export function recovered(before: EntryState, token: HeldAccessToken, occasion: Occasion): TokenEvent[] {
  return before.trouble.consecutiveFailures > 0 ? [held('recovered', token, occasion)] : [];
}

/** A failure, and what it makes known: that a person must sign in, or that the held token ends. Each is emitted once. */
export function failed(
  before: EntryState,
  after: EntryState,
  { problem, fix }: CredentialFailure,
  error: TokenUnavailableError,
  occasion: Occasion,
): TokenEvent[] {
  const { resource, now } = occasion;
  const { consecutiveFailures, needsSignIn, end } = after.trouble;
  const token = unexpired(after, now);
  const expiry = token === undefined ? {} : { expiresAt: new Date(token.expiresOnTimestamp) };
  const base = { resource, at: new Date(now), error };
  const nextRefreshAt = new Date(after.nextAttemptAt);
  const events: TokenEvent[] = [
    { type: 'refresh-failed', ...base, consecutiveFailures, nextRefreshAt, ...expiry, ...duration(occasion) },
  ];
  if (needsSignIn && !before.trouble.needsSignIn) {
    events.push({ type: 'reauthentication-required', ...base, problem, fix, ...expiry });
  }
  if (after.held !== undefined && end !== undefined && end !== before.trouble.end) {
    events.push(held(end, after.held, occasion));
  }
  return events;
}

/** How near to the end of the held token a point of time is. */
export function endOf(state: EntryState, now: Timestamp): 'expiring' | 'expired' | undefined {
  if (state.held === undefined) return undefined;
  if (unexpired(state, now) === undefined) return 'expired';
  return isExpiring(state.held, now) ? 'expiring' : undefined;
}
