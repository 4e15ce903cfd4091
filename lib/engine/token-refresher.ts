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
import type { OnDemandOwner } from './on-demand-entries.js';
import type { RefreshScheduler } from './refresh-scheduler.js';
import type { TokenEntry } from './token-entry.js';
import type { TokenEvent } from './token-event.js';
import { TokenEventReporter } from './token-event.reporter.js';

const timerPrefix = 'entra-token-refresh:';

/**
 * Makes every attempt to get a token: one at a time per entry, each with a deadline, and owns what becomes of it. A
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
  /** Calls of credentials, which may outlive their attempts, with the names of their entries. */
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
  refreshInBackground(entry: TokenEntry): void {
    if (entry.inFlight === undefined && !this.#closed) void this.#launch(entry);
  }

  /** Makes an attempt now, or joins the one under way. */
  refresh(entry: TokenEntry): Promise<HeldAccessToken> {
    if (this.#closed) return Promise.reject(new EntraShutDownError());
    return entry.inFlight?.promise ?? this.#launch(entry);
  }

  /**
   * For callers without a token: joins the attempt under way or the next one. After a failure the next attempt comes
   * at its own time, however many callers there are.
   *
   * @param longestWaitInMs how late that may be. Default: as long as an attempt may take
   */
  waitForToken(
    entry: TokenEntry,
    longestWaitInMs = entry.resource.policy.attemptTimeoutInMs,
  ): Promise<HeldAccessToken> {
    const now = this.#clock.now();
    const { lastError } = entry;
    const wait = entry.isDue(now) ? 0 : entry.nextAttemptAt - now;
    if (this.#closed || entry.inFlight !== undefined || lastError === undefined || wait <= 0)
      return this.refresh(entry);
    if (!lastError.retryable || wait > longestWaitInMs) return Promise.reject(lastError);
    if (entry.waiters === undefined) {
      entry.waiters = deferred<HeldAccessToken>();
      this.#plan(entry);
    }
    return entry.waiters.promise;
  }

  /** Gets a token that satisfies a claims challenge, and makes it the held one. */
  answerChallenge(entry: TokenEntry, claims: string): Promise<HeldAccessToken> {
    if (this.#closed) return Promise.reject(new EntraShutDownError());
    const challenges = (entry.challenges ??= new Map<string, Promise<HeldAccessToken>>());
    const underWay = challenges.get(claims);
    if (underWay !== undefined) return underWay;
    const failed = entry.failedChallenges?.errorFor(claims, this.#clock.now());
    if (failed !== undefined) return Promise.reject(failed);
    const answer = this.#attempt(entry, claims).finally(() => {
      challenges.delete(claims);
      if (entry.inFlight === undefined) this.#plan(entry);
    });
    challenges.set(claims, answer);
    return answer;
  }

  /** Marks the held token as rejected by a server, and replaces it unless that was just done. */
  invalidate(entry: TokenEntry): void {
    if (entry.held === undefined) return;
    const now = this.#clock.now();
    const sinceInMs = now - (entry.lastForcedAt ?? -Infinity);
    // Less than nothing: the clock was set back.
    if (sinceInMs >= 0 && sinceInMs < entry.resource.policy.forcedRefreshCooldownInMs) return;
    entry.lastForcedAt = now;
    entry.reject();
    this.#report.held('rejected', entry, entry.held);
    this.refreshInBackground(entry);
  }

  /** Cancels the timer of an entry that is no longer wanted. */
  forget(entry: TokenEntry): void {
    this.#scheduler.cancel(entry);
    entry.close();
  }

  /**
   * Stops for good: no timer is left, every wait ends, and calls under way get a moment to finish, since credentials
   * cannot be interrupted. In the same moment a credential may store what it must not lose.
   *
   * @param credentials of all entries, those that have been dropped included
   */
  async close(entries: readonly TokenEntry[], credentials: ReadonlySet<CredentialProvider>): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const entry of entries) this.forget(entry);
    for (const attempt of this.#attempts) attempt.abort(new EntraShutDownError());
    this.#report.lost(entries, await flushCredentials(credentials, this.#clock, this.#calls.keys()));
    this.#report.gaveUp(this.#calls.values());
    this.#report.complete();
  }

  #launch(entry: TokenEntry): Promise<HeldAccessToken> {
    const { promise } = entry.begin(this.#clock.now());
    // A caller can be earlier than the timer, which is set anew when the attempt has ended.
    this.#scheduler.cancel(entry);
    this.#attempt(entry).then(
      (token) => {
        entry.end()?.resolve(token);
        this.#plan(entry);
      },
      (error: Error) => {
        entry.end()?.reject(error);
        entry.waiters?.reject(error);
        entry.waiters = undefined;
        this.#plan(entry);
      },
    );
    return promise;
  }

  async #attempt(entry: TokenEntry, claims?: string): Promise<HeldAccessToken> {
    const attempt = new AbortController();
    const before = entry.held;
    this.#attempts.add(attempt);
    try {
      const token = await this.#acquire(entry, claims, attempt.signal);
      if (claims !== undefined) {
        entry.failedChallenges?.answered(claims);
        return token === undefined
          ? this.#outcome.keepDespiteClaims(entry)
          : this.#outcome.adopt(entry, token);
      }
      // Another token may have come meanwhile, from a call that had been given up or as the answer to a challenge.
      const newer = this.#newerThan(before, entry);
      if (newer !== undefined && (token === undefined || token.expiresBefore(newer))) return newer;
      return token === undefined ? this.#outcome.keep(entry) : this.#outcome.adopt(entry, token);
    } catch (error) {
      if (this.#closed) throw new EntraShutDownError();
      if (error instanceof EntraTimeoutError) entry.source.abandon();
      attempt.abort();
      if (claims !== undefined) throw this.#outcome.failChallenge(entry, claims, error);
      const newer = this.#newerThan(before, entry);
      if (newer !== undefined) return newer;
      throw this.#outcome.fail(entry, error);
    } finally {
      this.#attempts.delete(attempt);
    }
  }

  /** Calls the credential, and waits for as long as an attempt may take. */
  #acquire(
    entry: TokenEntry,
    claims: string | undefined,
    signal: AbortSignal,
  ): Promise<HeldAccessToken | undefined> {
    const { attemptTimeoutInMs: timeoutInMs } = entry.resource.policy;
    const now = this.#clock.now();
    const call = entry.source.acquire({
      held: entry.unexpired(now),
      anyOther: entry.heldIsRejected || entry.heldIsFromTheFuture(now),
      claims,
      clock: this.#clock,
      signal,
    });
    this.#own(entry, call, signal);
    return withDeadline(call, {
      timeoutInMs,
      clock: this.#deadlines,
      signal,
      onTimeout: () => new EntraTimeoutError('The credential', timeoutInMs, 'The request is repeated.'),
    });
  }

  /** A valid token that took the place of another since. */
  #newerThan(before: HeldAccessToken | undefined, entry: TokenEntry): HeldAccessToken | undefined {
    return entry.held === before || entry.heldIsRejected ? undefined : entry.unexpired(this.#clock.now());
  }

  /** Owns the credential's promise itself, which may outlive the attempt. */
  #own(entry: TokenEntry, call: Promise<HeldAccessToken | undefined>, abandoned: AbortSignal): void {
    const owned = call.then(
      (late) => {
        if (!abandoned.aborted || late === undefined || this.#closed) return;
        if (entry.held !== undefined && !entry.held.expiresBefore(late)) return;
        this.#outcome.adopt(entry, late);
        if (entry.inFlight === undefined) this.#plan(entry);
      },
      () => undefined,
    );
    this.#calls.set(owned, entry.name);
    void owned.then(() => this.#calls.delete(owned));
  }

  #plan(entry: TokenEntry): void {
    if (!this.#closed) this.#onDemand.ended(entry);
    const awaited = entry.waiters !== undefined;
    const isWanted = !this.#closed && !entry.closed && (awaited || entry.resource.policy.background);
    if (!isWanted) this.#scheduler.cancel(entry);
    else this.#scheduler.schedule(entry, timerPrefix + entry.name, this.#onTimer, awaited);
  }

  /** A token on demand is refreshed while one that was handed out is valid; then it is kept until its end. */
  readonly #onTimer = (entry: TokenEntry): void => {
    const now = this.#clock.now();
    if (!entry.onDemand || !entry.isIdle(now)) return this.refreshInBackground(entry);
    if (entry.unexpired(now) === undefined) return this.#onDemand.drop(entry);
    entry.resting = true;
    this.#scheduler.schedule(entry, timerPrefix + entry.name, this.#onTimer, false);
  };
}
