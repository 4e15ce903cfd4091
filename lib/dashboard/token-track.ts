import type { TokenEvent } from '../engine/token-event.js';
import type { TokenState } from '../engine/token-state.js';
import type { Attempt, TokenLife } from './dashboard-state.js';

const mostLives = 24;
const mostAttempts = 60;

/** The tokens that a resource has had, and the attempts to get them; the newest last. */
export interface TokenTrack {
  readonly lives: readonly TokenLife[];
  readonly attempts: readonly Attempt[];
}

export const emptyTrack: TokenTrack = { lives: [], attempts: [] };

const outcomes: Readonly<Partial<Record<TokenEvent['type'], Attempt['outcome']>>> = {
  acquired: 'obtained',
  refreshed: 'obtained',
  unchanged: 'unchanged',
  'refresh-failed': 'failed',
  rejected: 'rejected',
};

/** The track after an event of its resource. Events that tell of no attempt change nothing of it. */
export function trackAfter(track: TokenTrack, event: TokenEvent): TokenTrack {
  const outcome = outcomes[event.type];
  if (outcome === undefined) return track;
  const isNew = event.type === 'acquired' || event.type === 'refreshed';
  const before = isNew ? withLife(track, event.at, event.expiresAt) : track;
  return withAttempt(before, { at: event.at.toISOString(), outcome });
}

/** The track with the token that is held, which may have come before anything was recorded. */
export function trackWithHeld(
  track: TokenTrack,
  { acquiredAt, expiresAt, refreshes }: TokenState,
): TokenTrack {
  if (acquiredAt === undefined || expiresAt === undefined) return track;
  const from = acquiredAt.toISOString();
  if (track.lives.some((life) => life.from === from)) return track;
  return withAttempt(withLife(track, acquiredAt, expiresAt, refreshes), { at: from, outcome: 'obtained' });
}

function withLife({ lives, attempts }: TokenTrack, from: Date, until: Date, number?: number): TokenTrack {
  const last = lives.at(-1);
  const at = from.toISOString();
  const before =
    last !== undefined && last.until > at ? [...lives.slice(0, -1), { ...last, replacedAt: at }] : lives;
  const life = {
    number: Math.max(number ?? 0, (last?.number ?? 0) + 1),
    from: at,
    until: until.toISOString(),
  };
  return { lives: [...before, life].slice(-mostLives), attempts };
}

function withAttempt({ lives, attempts }: TokenTrack, attempt: Attempt): TokenTrack {
  return { lives, attempts: [...attempts, attempt].slice(-mostAttempts) };
}
