import { backoffDelay, type BackoffPolicy } from '../common/backoff.js';
import type { Timestamp } from '../common/clock.js';

/** The resolved numbers behind every decision about time. Durations are in milliseconds, shares are of a token's life. */
export interface RefreshPolicy {
  background: boolean;
  shareOfLife: number;
  jitter: number;
  attemptTimeoutInMs: number;
  backoff: BackoffPolicy;
  permanentErrorRetryInMs: number;
  forcedRefreshCooldownInMs: number;
}

/** The times of a token that decisions rest on. */
export interface TokenTimes {
  acquiredAt: Timestamp;
  expiresOnTimestamp: Timestamp;
  refreshAfterTimestamp?: Timestamp | undefined;
}

const largestSkewInMs = 30_000;
const shareOfLifeForSkew = 0.1;

// Tokens are not asked for more often than this, however short they live.
const shortestIntervalInMs = 1_000;

// A token that lives no longer is gone before it can serve: the endpoint's times could not be read.
const momentInMs = 1_500;

const retryJitterInMs = 5_000;
const retryInDoubtInMs = 300_000;

// However long a token still lives, the end of an outage, or a renewal by the platform, should be noticed within the hour.
const longestCalmDelayInMs = 1_800_000;

const lastMinutesInMs = 300_000;

// So close to the end of a token, the new one is urgent.
const urgentInMs = 180_000;

// With nothing left to serve, a long Retry-After would turn the server's bad minute into our bad hour.
const longestRetryAfterWithoutToken = 60_000;

/** How long a token still lived when it was acquired. */
function lifeOf(token: TokenTimes): number {
  return token.expiresOnTimestamp - token.acquiredAt;
}

/**
 * Until when a token is handed out without question: its expiry less a margin for the way to the server, 30 s, or a
 * tenth of its life when it lives less than five minutes.
 */
export function usableUntil(token: TokenTimes): Timestamp {
  return token.expiresOnTimestamp - Math.min(largestSkewInMs, lifeOf(token) * shareOfLifeForSkew);
}

/**
 * When a new token becomes due: at the configured share of life, less some jitter, so that replicas which booted
 * together drift apart; or at the issuer's refresh time, if that is sooner. Before the issuer's time the credential's cache
 * would return the same token, so there the jitter comes after it, and half of it must do.
 */
export function refreshDueAt(token: TokenTimes, policy: RefreshPolicy, random: number): Timestamp {
  const life = lifeOf(token);
  // At most half of the share, or a new token could be due at once.
  const jitter = random * Math.min(policy.jitter, policy.shareOfLife / 2) * life;
  const byShare = token.acquiredAt + life * policy.shareOfLife;
  const byIssuer = token.refreshAfterTimestamp ?? Infinity;
  const due = byIssuer <= byShare ? byIssuer + jitter / 2 : byShare - jitter;
  return Math.max(due, token.acquiredAt + shortestIntervalInMs);
}

/** Whether a token lives so short that to ask for the next one at a share of its life would hammer the endpoint. */
export function livesOnlyAMoment(token: TokenTimes): boolean {
  return lifeOf(token) <= momentInMs;
}

/**
 * By how much a token that a caller asked for may end before the held one: by its own life, so that at least half of the time
 * is left. Issuers draw the life of each token, and one that ends much sooner has a wrong end.
 */
export function toleranceOnRequest(token: TokenTimes): number {
  return lifeOf(token);
}

/**
 * When to ask again after the credential returned the token that is held already: after a share of what is left, or when
 * the issuer wants it, and within half an hour. A platform that caches tokens renews them when it likes: whatever its renewal is
 * noticed later is lost to the reserve against an outage.
 *
 * @returns `undefined` when the token is so close to its end that a new one should have come: that is a failure
 */
export function nextAttemptAfterSameToken(
  token: TokenTimes,
  now: Timestamp,
  random: number,
  policy: Pick<RefreshPolicy, 'shareOfLife' | 'jitter'>,
): Timestamp | undefined {
  // The clock was set back: the end of the token is not known.
  if (now < token.acquiredAt) return now + retryInDoubtInMs + random * retryJitterInMs;
  if (isExpiring(token, now)) return undefined;
  const left = token.expiresOnTimestamp - now;
  const calm = Math.min(left * policy.shareOfLife, longestCalmDelayInMs);
  const byShare = now + calm * (1 - random * Math.min(policy.jitter / policy.shareOfLife, 0.5));
  const byIssuer = token.refreshAfterTimestamp ?? 0;
  const next = byIssuer > now ? Math.min(byIssuer + random * retryJitterInMs, byShare) : byShare;
  return Math.min(Math.max(next, now + shortestIntervalInMs), usableUntil(token));
}

/** What is known when a failed attempt asks for its successor. */
export interface FailureSituation {
  now: Timestamp;
  random: number;
  /** Failures in a row, this one included. */
  failures: number;
  retryable: boolean;
  retryAfterInMs?: number | undefined;
  /** The token that is held, if it neither has expired nor was rejected. */
  held?: TokenTimes | undefined;
}

/**
 * When to try again after a failure: by backoff, or later while the held token leaves time, if the server asked for it
 * or if the error is permanent; but always once more shortly before the held token ends, and at its end, whatever the
 * server asked for.
 */
export function nextAttemptAfterFailure(situation: FailureSituation, policy: RefreshPolicy): Timestamp {
  const { now, random, held } = situation;
  const next = now + failureDelay(situation, policy);
  if (held === undefined) return next;
  const beforeTheEnd = Math.min(policy.attemptTimeoutInMs, lifeOf(held) * shareOfLifeForSkew) * (1 + random);
  const lastChances = [usableUntil(held) - beforeTheEnd, held.expiresOnTimestamp];
  return Math.min(next, ...lastChances.filter((chance) => chance > now));
}

/** When claims that could not be satisfied may be asked for again. The challenged caller is waiting. */
export function nextAttemptAfterFailedChallenge(
  situation: Omit<FailureSituation, 'held'>,
  policy: RefreshPolicy,
): Timestamp {
  const { now, retryable } = situation;
  return now + (retryable ? failureDelay(situation, policy) : policy.forcedRefreshCooldownInMs);
}

/** Whether a token that should have been replaced is near its end: its last five minutes, or its last tenth. */
export function isExpiring(token: TokenTimes, now: Timestamp): boolean {
  return now >= token.expiresOnTimestamp - Math.min(lastMinutesInMs, lifeOf(token) * shareOfLifeForSkew);
}

function failureDelay(situation: FailureSituation, policy: RefreshPolicy): number {
  const { now, failures, random, retryable, retryAfterInMs, held } = situation;
  if (!retryable) return policy.permanentErrorRetryInMs * (0.9 + 0.2 * random);
  const longestWait = held === undefined ? longestRetryAfterWithoutToken : Infinity;
  const asked = Math.min(retryAfterInMs ?? 0, longestWait);
  const isBlip = failures === 1 && retryAfterInMs === undefined;
  const calm = held === undefined || isBlip ? 0 : calmDelay(held, now + asked, random, policy.backoff);
  return asked + Math.max(calm, backoffDelay(failures, policy.backoff, random));
}

/**
 * While the held token serves, no caller waits for the new one. So each retry waits for a share of what is left until the
 * token's last three minutes, give or take as much as reaches to their beginning: a fleet whose retries are spread out
 * like its refreshes, and mostly fall into the time in which the refreshes of the outage would have had their successors,
 * does not fall upon an issuer that has just recovered. Only the first retry comes at once, since most faults are over by
 * then. In the last three minutes, and so for tokens that live only minutes, backoff alone decides.
 */
function calmDelay(
  held: TokenTimes,
  from: Timestamp,
  random: number,
  { shareOfLifeLeft: share }: BackoffPolicy,
): number {
  const left = held.expiresOnTimestamp - urgentInMs - from;
  if (left <= 0 || share === 0) return 0;
  const spread = Math.min(1, (1 - share) / share);
  return Math.min(left * share, longestCalmDelayInMs) * (1 + spread * (2 * random - 1));
}
