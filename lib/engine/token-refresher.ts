import type { Observable } from 'rxjs';

import type { Clock } from '../common/clock.js';
import { deferred, withDeadline } from '../common/deadline.js';
import { EntraShutDownError, EntraTimeoutError } from '../common/entra-auth.error.js';
import type { LineLogger } from '../common/guarded-logger.js';
import { PacedClock } from '../common/paced-clock.js';
import type { CredentialProvider } from '../credential/credential-provider.js';
import { flushCredentials } from '../credential/flush-credentials.js';
import type { HeldAccessToken } from '../entra/held-access-token.js';
import { AttemptOutcome } from './attempt-outcome.js';
import type { OnDemandOwner } from './on-demand-slots.js';
import type { RefreshScheduler } from './refresh-scheduler.js';
import type { TokenEvent } from './token-event.js';
import { TokenEventReporter } from './token-event.reporter.js';
import type { TokenSlot } from './token-slot.js';

const timerPrefix = 'entra-token-refresh:';

/**
 * Makes every attempt to get a token: one at a time per slot, each with a deadline, and owns what becomes of it. A
 * rejection reaches the callers that wait for it; without any, it ends here as state and event.
 */
export class TokenRefresher {
  readonly #report: TokenEventReporter;
  readonly #outcome: AttemptOutcome;
  readonly #clock: Clock;
  readonly #deadlines: Clock;
  readonly #scheduler: RefreshScheduler;
  readonly #onDemand: OnDemandOwner;
  /** Attempts that somebody may still wait for. */
  readonly #attempts = new Set<AbortController>();
  /** Calls of credentials, which may outlive their attempts, with the names of their slots. */
  readonly #calls = new Map<Promise<unknown>, string>();
  #closed = false;

  constructor(clock: Clock, scheduler: RefreshScheduler, onDemand: OnDemandOwner, logger: LineLogger) {
    this.#report = new TokenEventReporter(clock, logger);
    this.#outcome = new AttemptOutcome(clock, this.#report);
    this.#clock = clock;
    this.#deadlines = new PacedClock(clock);
    this.#scheduler = scheduler;
    this.#onDemand = onDemand;
  }

  get events(): Observable<TokenEvent> {
    return this.#report.events;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Starts an attempt that nobody waits for, unless one is under way. */
  kick(slot: TokenSlot): void {
    if (slot.flight === undefined && !this.#closed) void this.#launch(slot);
  }

  /** Makes an attempt now, or joins the one under way. */
  refresh(slot: TokenSlot): Promise<HeldAccessToken> {
    if (this.#closed) return Promise.reject(new EntraShutDownError());
    return slot.flight?.promise ?? this.#launch(slot);
  }

  /**
   * For callers without a token: joins the attempt under way or the next one. After a failure the next attempt comes
   * at its own time, however many callers there are.
   *
   * @param longestWaitInMs how late that may be. Default: as long as an attempt may take
   */
  demand(
    slot: TokenSlot,
    longestWaitInMs = slot.resource.policy.attemptTimeoutInMs,
  ): Promise<HeldAccessToken> {
    const now = this.#clock.now();
    const { lastError } = slot;
    const wait = slot.isDue(now) ? 0 : slot.nextAttemptAt - now;
    if (this.#closed || slot.flight !== undefined || lastError === undefined || wait <= 0)
      return this.refresh(slot);
    if (!lastError.retryable || wait > longestWaitInMs) return Promise.reject(lastError);
    if (slot.waiters === undefined) {
      slot.waiters = deferred<HeldAccessToken>();
      this.#plan(slot);
    }
    return slot.waiters.promise;
  }

  /** Gets a token that satisfies a claims challenge, and makes it the held one. */
  answerChallenge(slot: TokenSlot, claims: string): Promise<HeldAccessToken> {
    if (this.#closed) return Promise.reject(new EntraShutDownError());
    const challenges = (slot.challenges ??= new Map<string, Promise<HeldAccessToken>>());
    const underWay = challenges.get(claims);
    if (underWay !== undefined) return underWay;
    const failed = slot.failedChallenges?.errorFor(claims, this.#clock.now());
    if (failed !== undefined) return Promise.reject(failed);
    const answer = this.#attempt(slot, claims).finally(() => {
      challenges.delete(claims);
      if (slot.flight === undefined) this.#plan(slot);
    });
    challenges.set(claims, answer);
    return answer;
  }

  /** Marks the held token as rejected by a server, and replaces it unless that was just done. */
  replaceRejected(slot: TokenSlot): void {
    if (slot.held === undefined) return;
    const now = this.#clock.now();
    const sinceInMs = now - (slot.lastForcedAt ?? -Infinity);
    // Less than nothing: the clock was set back.
    if (sinceInMs >= 0 && sinceInMs < slot.resource.policy.forcedRefreshCooldownInMs) return;
    slot.lastForcedAt = now;
    slot.reject();
    this.#report.held('rejected', slot, slot.held);
    this.kick(slot);
  }

  /** Cancels the timer of a slot that is no longer wanted. */
  forget(slot: TokenSlot): void {
    this.#scheduler.cancel(slot);
    slot.close();
  }

  /**
   * Stops for good: no timer is left, every wait ends, and calls under way get a moment to finish, since credentials
   * cannot be interrupted. In the same moment a credential may store what it must not lose.
   *
   * @param credentials of all slots, those that have been dropped included
   */
  async close(slots: readonly TokenSlot[], credentials: ReadonlySet<CredentialProvider>): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const slot of slots) this.forget(slot);
    for (const attempt of this.#attempts) attempt.abort(new EntraShutDownError());
    this.#report.lost(slots, await flushCredentials(credentials, this.#clock, this.#calls.keys()));
    this.#report.gaveUp(this.#calls.values());
    this.#report.complete();
  }

  #launch(slot: TokenSlot): Promise<HeldAccessToken> {
    const { promise } = slot.takeOff(this.#clock.now());
    // A caller can be earlier than the timer, which is set anew when the attempt has ended.
    this.#scheduler.cancel(slot);
    this.#attempt(slot).then(
      (token) => {
        slot.land()?.resolve(token);
        this.#plan(slot);
      },
      (error: Error) => {
        slot.land()?.reject(error);
        slot.waiters?.reject(error);
        slot.waiters = undefined;
        this.#plan(slot);
      },
    );
    return promise;
  }

  async #attempt(slot: TokenSlot, claims?: string): Promise<HeldAccessToken> {
    const attempt = new AbortController();
    const before = slot.held;
    this.#attempts.add(attempt);
    try {
      const token = await this.#acquire(slot, claims, attempt.signal);
      if (claims !== undefined) {
        slot.failedChallenges?.answered(claims);
        return token === undefined ? this.#outcome.keepDespiteClaims(slot) : this.#outcome.adopt(slot, token);
      }
      // Another token may have come meanwhile, from a call that had been given up or as the answer to a challenge.
      const newer = this.#newerThan(before, slot);
      if (newer !== undefined && (token === undefined || token.expiresBefore(newer))) return newer;
      return token === undefined ? this.#outcome.keep(slot) : this.#outcome.adopt(slot, token);
    } catch (error) {
      if (this.#closed) throw new EntraShutDownError();
      if (error instanceof EntraTimeoutError) slot.source.abandon();
      attempt.abort();
      if (claims !== undefined) throw this.#outcome.failChallenge(slot, claims, error);
      const newer = this.#newerThan(before, slot);
      if (newer !== undefined) return newer;
      throw this.#outcome.fail(slot, error);
    } finally {
      this.#attempts.delete(attempt);
    }
  }

  /** Calls the credential, and waits for as long as an attempt may take. */
  #acquire(
    slot: TokenSlot,
    claims: string | undefined,
    signal: AbortSignal,
  ): Promise<HeldAccessToken | undefined> {
    const { attemptTimeoutInMs: timeoutInMs } = slot.resource.policy;
    const now = this.#clock.now();
    const call = slot.source.acquire({
      held: slot.unexpired(now),
      anyOther: slot.heldIsRejected || slot.heldIsFromTheFuture(now),
      claims,
      clock: this.#clock,
      signal,
    });
    this.#own(slot, call, signal);
    return withDeadline(call, {
      timeoutInMs,
      clock: this.#deadlines,
      signal,
      onTimeout: () => new EntraTimeoutError('The credential', timeoutInMs, 'The request is repeated.'),
    });
  }

  /** A valid token that took the place of another since. */
  #newerThan(before: HeldAccessToken | undefined, slot: TokenSlot): HeldAccessToken | undefined {
    return slot.held === before || slot.heldIsRejected ? undefined : slot.unexpired(this.#clock.now());
  }

  /** Owns the credential's promise itself, which may outlive the attempt. */
  #own(slot: TokenSlot, call: Promise<HeldAccessToken | undefined>, abandoned: AbortSignal): void {
    const owned = call.then(
      (late) => {
        if (!abandoned.aborted || late === undefined || this.#closed) return;
        if (slot.held !== undefined && !slot.held.expiresBefore(late)) return;
        this.#outcome.adopt(slot, late);
        if (slot.flight === undefined) this.#plan(slot);
      },
      () => undefined,
    );
    this.#calls.set(owned, slot.name);
    void owned.then(() => this.#calls.delete(owned));
  }

  #plan(slot: TokenSlot): void {
    if (!this.#closed) this.#onDemand.settled(slot);
    const awaited = slot.waiters !== undefined;
    const isWanted = !this.#closed && !slot.closed && (awaited || slot.resource.policy.background);
    if (!isWanted) this.#scheduler.cancel(slot);
    else this.#scheduler.schedule(slot, timerPrefix + slot.name, this.#onTimer, awaited);
  }

  /** A token on demand is refreshed while one that was handed out is valid; then it is kept until its end. */
  readonly #onTimer = (slot: TokenSlot): void => {
    const now = this.#clock.now();
    if (!slot.onDemand || !slot.isIdle(now)) return this.kick(slot);
    if (slot.unexpired(now) === undefined) return this.#onDemand.drop(slot);
    slot.resting = true;
    this.#scheduler.schedule(slot, timerPrefix + slot.name, this.#onTimer, false);
  };
}
