import type { Observable } from 'rxjs';

import type { Clock, Timestamp } from '../common/clock.js';
import { EntraShutDownError, type EntraAuthError } from '../common/entra-auth.error.js';
import type { LineLogger } from '../common/guarded-logger.js';
import { asError } from '../common/thrown.js';
import type { CredentialProvider } from '../credential/credential-provider.js';
import { flushCredentials } from '../credential/flush-credentials.js';
import type { HeldAccessToken } from '../entra/held-access-token.js';
import type { Outcome, Transition } from './apply.js';
import { isDue, unexpired } from './entry-state.js';
import type { OnDemandOwner } from './on-demand-entries.js';
import { nextAttemptAfterFailedChallenge } from './refresh-policy.js';
import { RefreshScheduler, type TimerRegistry } from './refresh-scheduler.js';
import { TokenAttempts } from './token-attempts.js';
import type { TokenEntry } from './token-entry.js';
import type { TokenEvent } from './token-event.js';
import { TokenEventReporter } from './token-event.reporter.js';

/**
 * Makes every attempt to get a token: one at a time per entry, each with a deadline, and owns its outcome. A rejection
 * reaches the callers that wait for it; without any, it ends here as state and event.
 */
export class TokenRefresher {
  readonly #report: TokenEventReporter;
  readonly #clock: Clock;
  readonly #scheduler: RefreshScheduler<TokenEntry>;
  readonly #onDemand: OnDemandOwner;
  readonly #attempts: TokenAttempts;
  #closed = false;

  constructor(clock: Clock, timers: TimerRegistry, onDemand: OnDemandOwner, logger: LineLogger) {
    this.#report = new TokenEventReporter(clock, logger);
    this.#clock = clock;
    this.#scheduler = new RefreshScheduler(timers, clock, (entry) => this.#onTimer(entry));
    this.#onDemand = onDemand;
    this.#attempts = new TokenAttempts(clock, (entry, token) => this.#onLateToken(entry, token));
  }

  get events(): Observable<TokenEvent> {
    return this.#report.events;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Starts an attempt, unless one is under way. Its failure becomes state and event. */
  refreshInBackground(entry: TokenEntry): void {
    if (entry.inFlight === undefined && !this.#closed) void this.#launch(entry);
  }

  /** Makes an attempt now, or joins the one under way. */
  refresh(entry: TokenEntry): Promise<HeldAccessToken> {
    if (this.#closed) return Promise.reject(new EntraShutDownError());
    return entry.inFlight?.promise ?? this.#launch(entry);
  }

  /** Does the same for a caller that asks for another token than the held one, even for one that ends somewhat sooner. */
  replace(entry: TokenEntry): Promise<HeldAccessToken> {
    const replaced = this.refresh(entry);
    if (entry.inFlight !== undefined) entry.inFlight.isRequested = true;
    return replaced;
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
    const { lastError } = entry.state.trouble;
    const waitInMs = isDue(entry.state, now) ? 0 : entry.state.nextAttemptAt - now;
    if (this.#closed || entry.inFlight !== undefined || lastError === undefined || waitInMs <= 0)
      return this.refresh(entry);
    if (!lastError.retryable || waitInMs > longestWaitInMs) return Promise.reject(lastError);
    const isFirst = !entry.hasWaiters;
    const next = entry.next();
    if (isFirst) this.#plan(entry);
    return next;
  }

  /** Gets a token that satisfies a claims challenge, and makes it the held one. */
  answerChallenge(entry: TokenEntry, claims: string): Promise<HeldAccessToken> {
    if (this.#closed) return Promise.reject(new EntraShutDownError());
    const { challenges } = entry;
    const underWay = challenges.underWay(claims);
    if (underWay !== undefined) return underWay;
    const failed = challenges.errorFor(claims, this.#clock.now());
    if (failed !== undefined) return Promise.reject(failed);
    const answer = this.#attempt(entry, claims).finally(() => {
      challenges.end(claims);
      if (entry.inFlight === undefined) this.#plan(entry);
    });
    challenges.begin(claims, answer);
    return answer;
  }

  /** Marks the held token as rejected by a server, and replaces it unless that was just done. */
  invalidate(entry: TokenEntry): void {
    const before = entry.state;
    if (this.#conclude(entry, { kind: 'rejected' }).state !== before) this.refreshInBackground(entry);
  }

  /** Emits what a server refused. */
  reportRefusedLogin(resource: string, error: EntraAuthError): void {
    this.#report.refusedLogin(resource, error);
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
    this.#attempts.stop();
    this.#report.lost(entries, await flushCredentials(credentials, this.#clock, this.#attempts.calls.keys()));
    this.#report.gaveUp(this.#attempts.calls.values());
    this.#report.complete();
  }

  #launch(entry: TokenEntry): Promise<HeldAccessToken> {
    const { promise } = entry.begin(this.#clock.now());
    // A caller can be earlier than the timer, which is set anew when the attempt has ended.
    this.#scheduler.cancel(entry);
    this.#attempt(entry).then(
      (token) => {
        entry.end(token);
        this.#plan(entry);
      },
      (error: Error) => {
        entry.endInFailure(error);
        this.#plan(entry);
      },
    );
    return promise;
  }

  /** @param claims of a challenge that the token must satisfy */
  async #attempt(entry: TokenEntry, claims?: string): Promise<HeldAccessToken> {
    const before = entry.state.held;
    const startedAt = this.#clock.now();
    const outcome = await this.#attempts.make(entry, claims);
    if (claims !== undefined) return this.#concludeChallenge(entry, claims, outcome, startedAt);
    // Another token may have come meanwhile, from a call that had been given up or as the answer to a challenge.
    const newer = this.#newerThan(before, entry);
    const isBest = outcome.kind === 'new' && newer !== undefined && !outcome.token.expiresBefore(newer);
    if (newer !== undefined && !isBest) return newer;
    return tokenOf(this.#conclude(entry, outcome, startedAt));
  }

  #concludeChallenge(
    entry: TokenEntry,
    claims: string,
    outcome: Outcome,
    startedAt: Timestamp,
  ): HeldAccessToken {
    const { challenges, resource } = entry;
    if (outcome.kind !== 'failed') challenges.succeed(claims);
    const transition = this.#conclude(entry, outcome, startedAt);
    if (transition.error !== undefined) {
      const now = this.#clock.now();
      const { retryable, retryAfterInMs } = transition.error;
      const situation = { now, random: this.#clock.random(), retryable, retryAfterInMs };
      challenges.fail(claims, transition.error, now, (failures) =>
        nextAttemptAfterFailedChallenge({ ...situation, failures }, resource.policy),
      );
    }
    return tokenOf(transition);
  }

  #conclude(entry: TokenEntry, outcome: Outcome, startedAt?: Timestamp): Transition {
    const transition = entry.conclude(outcome, this.#clock, startedAt);
    this.#report.emit(entry, transition);
    return transition;
  }

  /** A valid token that took the place of another since. */
  #newerThan(before: HeldAccessToken | undefined, { state }: TokenEntry): HeldAccessToken | undefined {
    return state.held === before || state.isRejected ? undefined : unexpired(state, this.#clock.now());
  }

  /** A token of a call that had been given up is better than none, and than one that ends sooner. */
  #onLateToken(entry: TokenEntry, token: HeldAccessToken): void {
    const { held } = entry.state;
    if (held !== undefined && !held.expiresBefore(token)) return;
    this.#conclude(entry, { kind: 'new', token });
    if (entry.inFlight === undefined) this.#plan(entry);
  }

  #plan(entry: TokenEntry): void {
    if (!this.#closed) this.#onDemand.ended(entry);
    const isWanted = entry.hasWaiters || entry.resource.policy.background;
    if (this.#closed || entry.isClosed || !isWanted) this.#scheduler.cancel(entry);
    else this.#scheduler.schedule(entry);
  }

  /** A token on demand is refreshed while one that was handed out is valid; then it is kept until its end. */
  #onTimer(entry: TokenEntry): void {
    const now = this.#clock.now();
    if (!entry.onDemand || !entry.isIdle(now)) return this.refreshInBackground(entry);
    if (unexpired(entry.state, now) === undefined) return this.#onDemand.drop(entry);
    entry.rest();
    this.#scheduler.schedule(entry);
  }
}

/** @throws {TokenUnavailableError} when the attempt brought no token, and none stands in for it */
function tokenOf({ token, error }: Transition): HeldAccessToken {
  if (token === undefined) throw asError(error);
  return token;
}
