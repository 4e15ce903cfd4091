import type { Clock, Timestamp } from '../common/clock.js';
import { deferred, type Deferred } from '../common/deadline.js';
import { EntraShutDownError } from '../common/entra-auth.error.js';
import type { HeldAccessToken } from '../entra/held-access-token.js';
import { apply, type Outcome, type Transition } from './apply.js';
import { ClaimsChallenges } from './claims-challenges.js';
import type { ResolvedResource } from './engine-settings.js';
import { initialState, mayServe, unexpired, type EntryState } from './entry-state.js';
import type { TimerOwner } from './refresh-scheduler.js';
import { TokenSource } from './token-source.js';

/** An attempt to get a token that others may join. */
export interface InFlight extends Deferred<HeldAccessToken> {
  readonly startedAt: Timestamp;
  /** Whether a caller asked for another token than the held one. */
  isRequested: boolean;
}

/**
 * The token of one resource: its state, which only `apply` decides, its use, and the callers that wait for it. Starts nothing by
 * itself; `TokenRefresher` does. There may be thousands: a time costs 16 bytes more than a field that is not set.
 */
export class TokenEntry implements TimerOwner {
  readonly resource: ResolvedResource;
  readonly source: TokenSource;
  /** Key among the entries that were made by calls; `undefined` for those of configured resources. */
  readonly onDemandKey: string | undefined;
  #state = initialState;
  /** The held token as a promise that is already resolved, so that a look-up allocates nothing. */
  #answer: Promise<HeldAccessToken> | undefined;
  #isUsed = false;
  /** When the last token ends that was handed out and then replaced. */
  #handedOutUntil: Timestamp | undefined;
  #isResting = false;
  #isClosed = false;
  /** Callers that wait for the attempt under way. A token from elsewhere, such as the answer to a challenge, ends their wait too. */
  #inFlight: InFlight | undefined;
  /** Callers that wait, without a token, for the next attempt after a failed one. */
  #waiters: Deferred<HeldAccessToken> | undefined;
  #challenges: ClaimsChallenges | undefined;

  constructor(resource: ResolvedResource, onDemandKey?: string) {
    this.resource = resource;
    this.source = new TokenSource(resource);
    this.onDemandKey = onDemandKey;
  }

  get name(): string {
    return this.resource.name;
  }

  get timerName(): string {
    return `entra-token-refresh:${this.name}`;
  }

  get keepsProcessAlive(): boolean {
    return this.hasWaiters;
  }

  /** Immutable. */
  get state(): EntryState {
    return this.#state;
  }

  /** Whether the entry was made by a call rather than by configuration. */
  get onDemand(): boolean {
    return this.onDemandKey !== undefined;
  }

  /** Whether the token was asked for since the last refresh. */
  get isUsed(): boolean {
    return this.#isUsed;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get inFlight(): InFlight | undefined {
    return this.#inFlight;
  }

  /** Whether callers wait for the next attempt. */
  get hasWaiters(): boolean {
    return this.#waiters !== undefined;
  }

  /** Whether callers may be waiting for what is under way. */
  get isAwaited(): boolean {
    return this.#inFlight !== undefined || this.hasWaiters || this.#challenges?.isUnderWay === true;
  }

  /** Claims challenges under way, and those that failed. */
  get challenges(): ClaimsChallenges {
    return (this.#challenges ??= new ClaimsChallenges());
  }

  /** What the timer is for: the next attempt, or the end of a token that rests. */
  get wakeAt(): Timestamp {
    const { held, nextAttemptAt } = this.#state;
    return this.#isResting && held !== undefined ? held.expiresOnTimestamp : nextAttemptAt;
  }

  /** The held token as a promise, if it may be handed out without question. */
  answerAt(now: Timestamp): Promise<HeldAccessToken> | undefined {
    return mayServe(this.#state, now) ? this.#answer : undefined;
  }

  noteUse(): void {
    this.#isUsed = true;
  }

  /** Whether every token that was handed out has ended, and none was asked for since. */
  isIdle(now: Timestamp): boolean {
    return !this.#isUsed && !this.hasWaiters && now >= (this.#handedOutUntil ?? -Infinity);
  }

  /** Keeps the token until its end, without refreshing it. */
  rest(): void {
    this.#isResting = true;
  }

  /** Begins an attempt. */
  begin(startedAt: Timestamp): InFlight {
    this.#isResting = false;
    return (this.#inFlight = inFlightSince(startedAt));
  }

  /** Ends the attempt under way with a token for callers that have come since the last one was delivered. */
  end(token: HeldAccessToken): void {
    this.#inFlight?.resolve(token);
    this.#inFlight = undefined;
  }

  /** Ends the attempt under way with a failure, also for callers that wait for the next attempt. */
  endInFailure(error: Error): void {
    this.#inFlight?.reject(error);
    this.#inFlight = undefined;
    this.#waiters?.reject(error);
    this.#waiters = undefined;
  }

  /** The token that the next attempt brings. */
  next(): Promise<HeldAccessToken> {
    return (this.#waiters ??= deferred<HeldAccessToken>()).promise;
  }

  /**
   * Enters the state that follows from an outcome, and delivers a token to every caller that waits for one.
   *
   * @param startedAt when the attempt began, if the outcome is one of an attempt
   */
  conclude(outcome: Outcome, clock: Clock, startedAt?: Timestamp): Transition {
    const now = clock.now();
    const { name: resource, policy } = this.resource;
    const before = this.#state;
    const transition = apply(before, outcome, { now, random: clock.random(), policy, resource, startedAt });
    const { state, token, error } = transition;
    if (state.held !== undefined && state.held !== before.held) this.#replace(state.held);
    this.#state = state;
    if ('challenged' in outcome && outcome.challenged) return transition;
    // A failure on demand that no caller repeats need not be repeated either.
    if (error !== undefined && unexpired(state, now) === undefined) this.#isUsed = false;
    if (token !== undefined) this.#deliver(token);
    return transition;
  }

  /** Ends every wait. */
  close(): void {
    this.#waiters?.reject(new EntraShutDownError());
    this.#waiters = undefined;
    this.#isClosed = true;
  }

  #replace(token: HeldAccessToken): void {
    const { held } = this.#state;
    if (this.#isUsed && held !== undefined) {
      this.#handedOutUntil = Math.max(this.#handedOutUntil ?? -Infinity, held.expiresOnTimestamp);
    }
    if (this.resource.tenantId === undefined) this.resource.credential.learnTenant(token.tenantId);
    this.#answer = Promise.resolve(token);
    this.#isUsed = false;
    this.#isResting = false;
  }

  /** An attempt under way goes on, for callers that come when this token has expired or been rejected. */
  #deliver(token: HeldAccessToken): void {
    if (this.#inFlight !== undefined) {
      this.#inFlight.resolve(token);
      this.#inFlight = inFlightSince(this.#inFlight.startedAt);
    }
    this.#waiters?.resolve(token);
    this.#waiters = undefined;
  }
}

/** A failure becomes state and event; callers that wait hold the promise themselves. */
function inFlightSince(startedAt: Timestamp): InFlight {
  const inFlight = { ...deferred<HeldAccessToken>(), startedAt, isRequested: false };
  inFlight.promise.catch(() => undefined);
  return inFlight;
}
