import { clockToleranceInMs, type TimerHandle } from '../common/clock.js';
import { deferred, type Deferred } from '../common/deadline.js';
import { EntraShutDownError } from '../common/entra-auth.error.js';
import type { HeldAccessToken } from '../entra/held-access-token.js';
import { clockSkewToleranceInMs } from '../entra/token-end.js';
import type { ResolvedResource } from './engine-settings.js';
import type { FailedChallenges } from './failed-challenges.js';
import { refreshDueAt, usableUntil } from './refresh-policy.js';
import type { TimerOwner } from './refresh-scheduler.js';
import { TokenSource } from './token-source.js';
import type { TokenState, TokenStateName } from './token-state.js';
import type { TokenUnavailableError } from './token-unavailable.error.js';

/** An attempt to get a token that others may join. */
export interface InFlight extends Deferred<HeldAccessToken> {
  /** In milliseconds since the Unix epoch. */
  readonly startedAt: number;
}

/**
 * Everything known about one resource's token: the token, its state, and what is under way. It starts nothing by
 * itself; `TokenRefresher` does. There may be thousands: a time costs 16 bytes more than a field that is not set.
 */
export class TokenEntry implements TimerOwner {
  readonly resource: ResolvedResource;
  readonly source: TokenSource;
  /** Key among the entries that were made by calls; `undefined` for those of configured resources. */
  readonly onDemandKey: string | undefined;

  held: HeldAccessToken | undefined;
  /** `held` as a promise that is already resolved, so that a look-up allocates nothing. */
  answer: Promise<HeldAccessToken> | undefined;
  /** Before this time `answer` is handed out without question. */
  answerUntil = -Infinity;
  /** From this time on an attempt should be made. */
  nextAttemptAt = -Infinity;
  /** When that was noted. */
  #notedAt = -Infinity;
  /** Whether a server has rejected the held token. */
  heldIsRejected = false;
  /** When the held token was last to be replaced on account of that. */
  lastForcedAt: number | undefined;
  /** Whether the token was asked for since the last refresh. */
  usedSinceRefresh = false;
  /** When the last token ends that was handed out and then replaced. */
  #handedOutUntil: number | undefined;
  /** Whether the token is no longer refreshed, since nobody uses it, and only kept until its end. */
  resting = false;

  refreshes = 0;
  failures = 0;
  consecutiveFailures = 0;
  lastError: TokenUnavailableError | undefined;

  /** The attempt under way, as those see it who wait for a token: any that comes will do. */
  inFlight: InFlight | undefined;
  /** Callers that wait, without a token, for the next attempt after a failed one. */
  waiters: Deferred<HeldAccessToken> | undefined;
  /** Answers to claims challenges under way, by their claims. */
  challenges: Map<string, Promise<HeldAccessToken>> | undefined;
  failedChallenges: FailedChallenges | undefined;
  /** What has been said about the end of the held token, so that it is said once. */
  endReported: 'expiring' | 'expired' | undefined;
  /** Whether it has been said that somebody must sign in again. */
  signInReported = false;
  /** Whether nobody wants the entry any more. */
  closed = false;
  timerName: string | undefined;
  timerHandle: TimerHandle;

  constructor(resource: ResolvedResource, onDemandKey?: string) {
    this.resource = resource;
    this.source = new TokenSource(resource);
    this.onDemandKey = onDemandKey;
  }

  get name(): string {
    return this.resource.name;
  }

  /** Whether the entry was made by a call rather than by configuration. */
  get onDemand(): boolean {
    return this.onDemandKey !== undefined;
  }

  /** What its timer is for: the next attempt, or the end of a token that nobody uses. */
  get wakeAt(): number {
    return this.resting && this.held !== undefined ? this.held.expiresOnTimestamp : this.nextAttemptAt;
  }

  /** Notes that an attempt begins. */
  begin(startedAt: number): InFlight {
    this.resting = false;
    return (this.inFlight = inFlightSince(startedAt));
  }

  /** Notes that the attempt has ended, and returns what is left to be settled. */
  end(): InFlight | undefined {
    const { inFlight } = this;
    this.inFlight = undefined;
    return inFlight;
  }

  /**
   * Hands a token to everybody who waits for one, whatever way it came. An attempt under way goes on, for those who come
   * when this token has expired or been rejected.
   */
  deliver(token: HeldAccessToken): void {
    if (this.inFlight !== undefined) {
      this.inFlight.resolve(token);
      this.inFlight = inFlightSince(this.inFlight.startedAt);
    }
    this.waiters?.resolve(token);
    this.waiters = undefined;
  }

  /** Whether an attempt should be made: its time has come, or the clock was set back and nobody knows when it will. */
  isDue(now: number): boolean {
    return now >= this.nextAttemptAt || now < this.#notedAt - clockToleranceInMs;
  }

  /** Whether the held token was acquired by a clock that has been set back since, and so lives for nobody knows how long. */
  heldIsFromTheFuture(now: number): boolean {
    return this.held !== undefined && now < this.held.acquiredAt;
  }

  /** The held token, as long as it has not expired. */
  unexpired(now: number): HeldAccessToken | undefined {
    return this.held !== undefined && now < this.held.expiresOnTimestamp ? this.held : undefined;
  }

  /** Whether no token that was handed out is valid any more, and none was asked for since. */
  isIdle(now: number): boolean {
    return !this.usedSinceRefresh && this.waiters === undefined && now >= (this.#handedOutUntil ?? -Infinity);
  }

  /** Whether callers may be waiting for what is under way. */
  get isAwaited(): boolean {
    return this.inFlight !== undefined || this.waiters !== undefined || (this.challenges?.size ?? 0) > 0;
  }

  /** Holds a token in place of the one before. What that means for the next attempt is recorded apart. */
  hold(token: HeldAccessToken): void {
    if (this.usedSinceRefresh) this.#noteHandedOut();
    if (this.resource.tenantId === undefined) this.resource.credential.learnTenant(token.tenantId);
    this.resting = false;
    this.held = token;
    this.answer = Promise.resolve(token);
    this.heldIsRejected = false;
    this.endReported = undefined;
    this.refreshes++;
    this.usedSinceRefresh = false;
  }

  adopt(token: HeldAccessToken, random: number): void {
    this.hold(token);
    this.recordSuccess(token.acquiredAt, refreshDueAt(token, this.resource.policy, random));
  }

  #noteHandedOut(): void {
    const { held } = this;
    if (held === undefined) return;
    this.#handedOutUntil = Math.max(this.#handedOutUntil ?? -Infinity, held.expiresOnTimestamp);
  }

  recordSuccess(now: number, nextAttemptAt: number): void {
    this.consecutiveFailures = 0;
    this.signInReported = false;
    this.lastError = undefined;
    this.nextAttemptAt = nextAttemptAt;
    this.#notedAt = now;
    this.#serveAgain();
  }

  recordFailure(error: TokenUnavailableError, now: number, nextAttemptAt: number): void {
    this.failures++;
    this.consecutiveFailures++;
    this.lastError = error;
    // A failure on demand that nobody repeats need not be repeated either.
    if (this.unexpired(now) === undefined) this.usedSinceRefresh = false;
    this.nextAttemptAt = nextAttemptAt;
    this.#notedAt = now;
    this.#serveAgain();
  }

  /** Marks the held token as rejected by a server: callers then wait for the attempt to replace it. */
  reject(): void {
    this.heldIsRejected = this.held !== undefined;
    this.answerUntil = -Infinity;
  }

  stateName(now: number): TokenStateName {
    if (this.held === undefined) return 'pending';
    if (this.unexpired(now) === undefined) return 'expired';
    const credential = this.resource.credential.state()?.name;
    if (credential === 'reauthentication-required') return credential;
    if (this.consecutiveFailures > 0 || this.heldIsRejected || credential === 'degraded') return 'degraded';
    return this.isDue(now) ? 'due' : 'fresh';
  }

  state(now: number): TokenState {
    const credential = this.resource.credential.state();
    return {
      resource: this.name,
      configured: !this.onDemand,
      state: this.stateName(now),
      ...(this.held === undefined
        ? {}
        : { acquiredAt: new Date(this.held.acquiredAt), expiresAt: new Date(this.held.expiresOnTimestamp) }),
      ...(Number.isFinite(this.nextAttemptAt) ? { nextRefreshAt: new Date(this.nextAttemptAt) } : {}),
      ...(this.held === undefined || Math.abs(this.held.clockAheadInMs) < clockSkewToleranceInMs
        ? {}
        : { clockAheadInMs: this.held.clockAheadInMs }),
      refreshes: this.refreshes,
      failures: this.failures,
      consecutiveFailures: this.consecutiveFailures,
      ...(this.lastError === undefined ? {} : { lastError: this.lastError.message }),
      ...(credential === undefined ? {} : { credential }),
    };
  }

  /** A rejected token that could not be replaced is the best there is: the next caller need not wait again. */
  #serveAgain(): void {
    if (this.held !== undefined) this.answerUntil = usableUntil(this.held);
  }

  /** Ends every wait of the entry. */
  close(): void {
    this.waiters?.reject(new EntraShutDownError());
    this.waiters = undefined;
    this.closed = true;
  }
}

/** A failure becomes state and event; callers that wait hold the promise themselves. */
function inFlightSince(startedAt: number): InFlight {
  const inFlight = { ...deferred<HeldAccessToken>(), startedAt };
  inFlight.promise.catch(() => undefined);
  return inFlight;
}
