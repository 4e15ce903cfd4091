import type { Timestamp } from '../common/clock.js';
import type { HeldAccessToken } from '../entra/held-access-token.js';
import { isBackingOff } from './entry-state.js';
import type { TokenEntry } from './token-entry.js';

// A refresh takes a fraction of this. While a token is held, no caller waits longer for an endpoint that hangs.
const longestWaitInMs = 2_000;

/** How long to wait for a better token than the held one, in milliseconds; not at all when none is on its way. */
export function patienceWith(
  { state, inFlight, resource }: TokenEntry,
  held: HeldAccessToken,
  now: Timestamp,
): number {
  if (inFlight === undefined && (state.isRejected || isBackingOff(state, now))) return 0;
  const waitedInMs = now - (inFlight?.startedAt ?? now);
  const longestInMs = state.isRejected ? resource.policy.attemptTimeoutInMs : longestWaitInMs;
  return Math.min((held.expiresOnTimestamp - now) / 2, longestInMs - waitedInMs);
}
