import { clockToleranceInMs, type Timestamp } from '../common/clock.js';
import type { HeldAccessToken } from '../entra/held-access-token.js';
import type { TokenUnavailableError } from './token-unavailable.error.js';

/** Failures since the last success. */
export interface Trouble {
  readonly consecutiveFailures: number;
  readonly lastError: TokenUnavailableError | undefined;
  /** Whether a person must sign in before there is another token. */
  readonly needsSignIn: boolean;
  /** How near to the end of the held token the last failure came. */
  readonly end: 'expiring' | 'expired' | undefined;
}

/** What is known of one resource's token. Immutable: `apply` alone makes the state that follows. */
export interface EntryState {
  readonly held: HeldAccessToken | undefined;
  /** Before this time the held token is served without question. */
  readonly servedUntil: Timestamp;
  /** From this time on an attempt should be made. */
  readonly nextAttemptAt: Timestamp;
  /** When `nextAttemptAt` was decided. */
  readonly decidedAt: Timestamp;
  /** Whether a server has rejected the held token. */
  readonly isRejected: boolean;
  /** When a rejected token was last to be replaced. */
  readonly lastForcedAt: Timestamp | undefined;
  readonly refreshes: number;
  readonly failures: number;
  readonly trouble: Trouble;
}

/** Shared, as nearly all entries are without trouble nearly always. */
export const noTrouble: Trouble = {
  consecutiveFailures: 0,
  lastError: undefined,
  needsSignIn: false,
  end: undefined,
};

/** The state before the first attempt, which is due at once. */
export const initialState: EntryState = {
  held: undefined,
  servedUntil: -Infinity,
  nextAttemptAt: -Infinity,
  decidedAt: -Infinity,
  isRejected: false,
  lastForcedAt: undefined,
  refreshes: 0,
  failures: 0,
  trouble: noTrouble,
};

/** Whether the held token may be handed out without question. */
export function mayServe({ servedUntil }: EntryState, now: Timestamp): boolean {
  return now < servedUntil;
}

/** Whether an attempt should be made: its time has come, or a clock that was set back hides when it will. */
export function isDue({ nextAttemptAt, decidedAt }: EntryState, now: Timestamp): boolean {
  return now >= nextAttemptAt || now < decidedAt - clockToleranceInMs;
}

/** The held token, as long as it has not expired. */
export function unexpired({ held }: EntryState, now: Timestamp): HeldAccessToken | undefined {
  return held !== undefined && now < held.expiresOnTimestamp ? held : undefined;
}

/** Whether any other token is better: a server rejected the held one, or the clock was set back behind its receipt. */
export function isInDoubt({ held, isRejected }: EntryState, now: Timestamp): boolean {
  return held !== undefined && (isRejected || now < held.acquiredAt);
}

/** Whether the next attempt after a failure is not due yet. */
export function isBackingOff(state: EntryState, now: Timestamp): boolean {
  return state.trouble.lastError !== undefined && !isDue(state, now);
}
