import type { TokenState } from '../engine/token-state.js';
import type { ResourceView } from './dashboard-state.js';
import { bounded, reasonOf } from './event-lines.js';
import type { TokenTrack } from './token-track.js';

/** The state of a token as the page shows it. */
export function viewResource(state: TokenState, { lives, attempts }: TokenTrack): ResourceView {
  const { problem, fix, warning } = state.credential ?? {};
  const trouble = [problem, warning, fix].filter((text) => text !== undefined).join(' ');
  return {
    resource: bounded(state.resource),
    configured: state.configured,
    state: state.state,
    ...(state.acquiredAt && { acquiredAt: state.acquiredAt.toISOString() }),
    ...(state.expiresAt && { expiresAt: state.expiresAt.toISOString() }),
    ...(state.nextRefreshAt && { nextRefreshAt: state.nextRefreshAt.toISOString() }),
    refreshes: state.refreshes,
    failures: state.failures,
    consecutiveFailures: state.consecutiveFailures,
    ...(state.lastError && { lastError: reasonOf(state.lastError) }),
    ...(state.clockAheadInMs !== undefined && { clockAheadInMs: state.clockAheadInMs }),
    ...(trouble !== '' && { credentialTrouble: bounded(trouble) }),
    lives,
    attempts,
  };
}

/** Selects the tokens to show: configured ones first, then failing ones. */
export function shownFirst(states: readonly TokenState[], most: number): TokenState[] {
  const rank = ({ configured, consecutiveFailures }: TokenState): number =>
    (configured ? 0 : 2) + (consecutiveFailures > 0 ? 0 : 1);
  return states.length <= most ? [...states] : [...states].sort((a, b) => rank(a) - rank(b)).slice(0, most);
}
