import type { Observable } from 'rxjs';

import type { CredentialProvider } from '../credential/credential-provider.js';
import { flushCredentials } from '../credential/flush-credentials.js';
import { classifyCredentialFailure, type CredentialFailure } from '../errors/credential-failure.js';
import { InvalidTokenError } from '../errors/invalid-token.error.js';
import { EntraShutDownError } from '../errors/shut-down.error.js';
import { EntraTimeoutError } from '../errors/timeout.error.js';
import { TokenUnavailableError } from '../errors/token-unavailable.error.js';
import { redactError } from '../observability/redaction.js';
import type { TokenEvent } from '../observability/token-event.js';
import { TokenEventReporter } from '../observability/token-event.reporter.js';
import type { HeldAccessToken } from '../token/held-access-token.js';
import type { TokenSlot } from '../token/token-slot.js';
import type { Clock } from './clock.js';
import { withDeadline } from './deadline.js';
import { deferred } from './deferred.js';
import { FailedChallenges } from './failed-challenges.js';
import {
  nextAttemptAfterFailedChallenge,
  livesOnlyAMoment,
  nextAttemptAfterFailure,
  nextAttemptAfterSameToken,
} from './refresh-policy.js';
import type { RefreshScheduler } from './refresh-scheduler.js';

const timerPrefix = 'entra-token-refresh:';

/** Keeps the slots that were made on demand. */
export interface OnDemandOwner {
  /** Lets go of a slot that nobody uses. */
  drop(slot: TokenSlot): void;
  /** Told when an attempt for a slot has ended. */
  settled(slot: TokenSlot): void;
}

/**
 * Makes every attempt to get a token: one at a time per slot, each with a deadline, and owns what becomes of it. A
 * rejection reaches the callers that wait for it; without any, it ends here as state and event.
 */
export class TokenRefresher {
  readonly #report: TokenEventReporter;
  readonly #clock: Clock;
  readonly #scheduler: RefreshScheduler;
  readonly #onDemand: OnDemandOwner;
  /** Attempts that somebody may still wait for. */
  readonly #attempts = new Set<AbortController>();
  /** Calls of credentials, which may outlive their attempts. */
  readonly #calls = new Set<Promise<unknown>>();
  #closed = false;

  constructor(clock: Clock, scheduler: RefreshScheduler, onDemand: OnDemandOwner) {
    this.#report = new TokenEventReporter(clock);
    this.#clock = clock;
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
    const sinceInMs = now - slot.lastForcedAt;
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
    this.#report.lost(slots, await flushCredentials(credentials, this.#clock, this.#calls));
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
    const { attemptTimeoutInMs: timeoutInMs } = slot.resource.policy;
    const attempt = new AbortController();
    const before = slot.held;
    const now = this.#clock.now();
    const call = slot.source.acquire({
      held: slot.unexpired(now),
      anyOther: slot.heldIsRejected || slot.heldIsFromTheFuture(now),
      claims,
      signal: attempt.signal,
    });
    this.#own(slot, call, attempt.signal);
    this.#attempts.add(attempt);
    try {
      const token = await withDeadline(call, {
        timeoutInMs,
        clock: this.#clock,
        signal: attempt.signal,
        onTimeout: () => new EntraTimeoutError('The credential', timeoutInMs, 'The request is repeated.'),
      });
      if (claims !== undefined) {
        slot.failedChallenges?.answered(claims);
        return token === undefined ? this.#unchanged(slot) : this.#adopt(slot, token);
      }
      // Another token may have come meanwhile, from a call that had been given up or as the answer to a challenge.
      const newer = this.#newerThan(before, slot);
      if (newer !== undefined && (token === undefined || token.expiresBefore(newer))) return newer;
      return token === undefined ? this.#keep(slot) : this.#adopt(slot, token);
    } catch (error) {
      if (this.#closed) throw new EntraShutDownError();
      if (error instanceof EntraTimeoutError) slot.source.abandon();
      attempt.abort();
      if (claims !== undefined) throw this.#failChallenge(slot, claims, error);
      const newer = this.#newerThan(before, slot);
      if (newer !== undefined) return newer;
      throw this.#fail(slot, error);
    } finally {
      this.#attempts.delete(attempt);
    }
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
        this.#adopt(slot, late);
        if (slot.flight === undefined) this.#plan(slot);
      },
      () => undefined,
    );
    this.#calls.add(owned);
    void owned.then(() => this.#calls.delete(owned));
  }

  #adopt(slot: TokenSlot, token: HeldAccessToken): HeldAccessToken {
    if (livesOnlyAMoment(token)) return this.#adoptForAMoment(slot, token);
    const first = slot.held === undefined;
    const recovered = slot.consecutiveFailures > 0;
    slot.adopt(token, this.#clock.random());
    slot.settle(token);
    this.#report.obtained(first ? 'acquired' : 'refreshed', slot, token);
    if (recovered) this.#report.held('recovered', slot, token);
    return token;
  }

  /** Serves a token to its end, and spaces the attempts out as after a failure: its end comes before the next one could. */
  #adoptForAMoment(slot: TokenSlot, token: HeldAccessToken): HeldAccessToken {
    const type = slot.held === undefined ? 'acquired' : 'refreshed';
    slot.hold(token);
    const { unavailable, failure } = this.#recordFailure(slot, endsAtOnce(token), undefined);
    slot.settle(token);
    this.#report.obtained(type, slot, token);
    this.#report.failed(slot, unavailable, failure);
    return token;
  }

  #keep(slot: TokenSlot): HeldAccessToken {
    const now = this.#clock.now();
    const held = slot.unexpired(now);
    const next = held && nextAttemptAfterSameToken(held, now, this.#clock.random(), slot.resource.policy);
    if (held === undefined || next === undefined) throw unchanged();
    const recovered = slot.consecutiveFailures > 0;
    slot.recordSuccess(now, next);
    slot.settle(held);
    this.#report.unchanged(slot, held);
    if (recovered) this.#report.held('recovered', slot, held);
    return held;
  }

  /** A credential that ignores claims, as managed identity does: that decides nothing about the plain token. */
  #unchanged(slot: TokenSlot): HeldAccessToken {
    const held = slot.unexpired(this.#clock.now());
    if (held === undefined) throw unchanged();
    this.#report.unchanged(slot, held);
    return held;
  }

  #fail(slot: TokenSlot, error: unknown): TokenUnavailableError {
    const now = this.#clock.now();
    // A token that a server rejected, or whose end is not known, gives no time to wait.
    const isInDoubt = slot.heldIsRejected || slot.heldIsFromTheFuture(now);
    const { unavailable, failure } = this.#recordFailure(
      slot,
      error,
      isInDoubt ? undefined : slot.unexpired(now),
    );
    this.#report.failed(slot, unavailable, failure);
    return unavailable;
  }

  /** @param held the token whose life gives time to wait, if there is one */
  #recordFailure(slot: TokenSlot, error: unknown, held: HeldAccessToken | undefined): Explanation {
    const now = this.#clock.now();
    const explanation = explain(slot, error, now);
    const next = nextAttemptAfterFailure(
      {
        ...explanation.failure,
        now,
        held,
        random: this.#clock.random(),
        failures: slot.consecutiveFailures + 1,
      },
      slot.resource.policy,
    );
    slot.recordFailure(explanation.unavailable, now, next);
    return explanation;
  }

  /** What a challenge asks for is the affair of those who were challenged: the plain token is not in doubt. */
  #failChallenge(slot: TokenSlot, claims: string, error: unknown): TokenUnavailableError {
    const now = this.#clock.now();
    const { failure, unavailable } = explain(slot, error, now);
    const challenges = (slot.failedChallenges ??= new FailedChallenges());
    const retryAt = nextAttemptAfterFailedChallenge(
      { ...failure, now, random: this.#clock.random(), failures: challenges.failuresOf(claims) + 1 },
      slot.resource.policy,
    );
    challenges.failed(claims, unavailable, now, retryAt);
    this.#report.failed(slot, unavailable, failure);
    return unavailable;
  }

  #plan(slot: TokenSlot): void {
    if (!this.#closed) this.#onDemand.settled(slot);
    const awaited = slot.waiters !== undefined;
    if (this.#closed || slot.closed || !(awaited || slot.resource.policy.background))
      this.#scheduler.cancel(slot);
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

function unchanged(): InvalidTokenError {
  const problem = 'The credential keeps returning the token that is about to expire.';
  return new InvalidTokenError(
    'unchanged',
    problem,
    'Check the cache of the credential; the request is repeated.',
  );
}

function endsAtOnce({ acquiredAt, expiresOnTimestamp }: HeldAccessToken): InvalidTokenError {
  const lifeInMs = Math.max(1, Math.round(expiresOnTimestamp - acquiredAt));
  const problem = `The credential returned a token that ends ${lifeInMs} ms after its receipt.`;
  const fix = "Check the times that the token endpoint sends, and this machine's clock.";
  return new InvalidTokenError('expired', problem, fix);
}

interface Explanation {
  failure: CredentialFailure;
  unavailable: TokenUnavailableError;
}

function explain(slot: TokenSlot, error: unknown, now: number): Explanation {
  const failure = classifyCredentialFailure(error, now);
  return {
    failure,
    unavailable: new TokenUnavailableError(slot.name, { ...failure, cause: redactError(error) }),
  };
}
