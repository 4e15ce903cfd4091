import { Subject, type Observable } from 'rxjs';

import type { Clock } from '../common/clock.js';
import type { LineLogger } from '../common/guarded-logger.js';
import { GuardedObservable } from '../common/guarded-observable.js';
import type { CredentialFailure } from '../credential/credential-failure.js';
import { graceInMs, type CredentialLoss } from '../credential/flush-credentials.js';
import type { HeldAccessToken } from '../entra/held-access-token.js';
import { clockSkewToleranceInMs } from '../entra/token-end.js';
import { CredentialWatch } from './credential-watch.js';
import { isExpiring } from './refresh-policy.js';
import type { TokenEntry } from './token-entry.js';
import type { TokenEvent, TokenHeldEvent } from './token-event.js';
import type { TokenUnavailableError } from './token-unavailable.error.js';

const mostNames = 10;

/** Says what happens to the tokens, each thing once. */
export class TokenEventReporter {
  readonly #subject = new Subject<TokenEvent>();
  readonly #logger: LineLogger;
  readonly events: Observable<TokenEvent>;
  readonly #clock: Clock;
  readonly #credentials = new CredentialWatch();
  /** The skew that was reported last: the clock is the same for all tokens. */
  #reportedAheadInMs = 0;

  constructor(clock: Clock, logger: LineLogger) {
    this.#clock = clock;
    this.#logger = logger;
    this.events = new GuardedObservable(this.#subject, logger);
  }

  /** No event comes any more. */
  complete(): void {
    this.#subject.complete();
  }

  obtained(type: 'acquired' | 'refreshed', entry: TokenEntry, token: HeldAccessToken): void {
    this.#emit({
      type,
      resource: entry.name,
      at: new Date(token.acquiredAt),
      expiresAt: new Date(token.expiresOnTimestamp),
      nextRefreshAt: new Date(entry.nextAttemptAt),
    });
    this.#clockSkew(entry, token);
    this.#credential(entry);
  }

  #clockSkew({ name }: TokenEntry, { acquiredAt, clockAheadInMs }: HeldAccessToken): void {
    if (Math.abs(clockAheadInMs - this.#reportedAheadInMs) < clockSkewToleranceInMs) return;
    // Zero is no measurement: a token from a cache shows nothing.
    if (Math.abs(clockAheadInMs) < clockSkewToleranceInMs) return;
    this.#reportedAheadInMs = clockAheadInMs;
    this.#emit({ type: 'clock-skew', resource: name, at: new Date(acquiredAt), clockAheadInMs });
  }

  unchanged(entry: TokenEntry, token: HeldAccessToken): void {
    this.#emit({
      type: 'unchanged',
      resource: entry.name,
      at: this.#now(),
      expiresAt: new Date(token.expiresOnTimestamp),
      nextRefreshAt: new Date(entry.nextAttemptAt),
    });
    this.#credential(entry);
  }

  held(type: TokenHeldEvent['type'], entry: TokenEntry, token: HeldAccessToken): void {
    this.#emit({
      type,
      resource: entry.name,
      at: this.#now(),
      expiresAt: new Date(token.expiresOnTimestamp),
    });
  }

  /** A failed attempt, and what it means for the held token. */
  failed(entry: TokenEntry, error: TokenUnavailableError, failure: CredentialFailure): void {
    const held = entry.unexpired(this.#clock.now());
    const expiry = held === undefined ? {} : { expiresAt: new Date(held.expiresOnTimestamp) };
    this.#emit({
      type: 'refresh-failed',
      resource: entry.name,
      at: this.#now(),
      error,
      consecutiveFailures: entry.consecutiveFailures,
      nextRefreshAt: new Date(entry.nextAttemptAt),
      ...expiry,
    });
    if (failure.signIn && !entry.signInReported) {
      entry.signInReported = true;
      const { problem, fix } = failure;
      this.#emit({
        type: 'reauthentication-required',
        resource: entry.name,
        at: this.#now(),
        error,
        problem,
        fix,
        ...expiry,
      });
    }
    this.#end(entry);
  }

  /** What credentials lose at the end. */
  lost(entries: readonly TokenEntry[], losses: readonly CredentialLoss[]): void {
    for (const { credential, problem, fix } of losses) {
      const entry = entries.find(({ resource }) => resource.credential === credential);
      const resource = entry?.name ?? 'a dropped resource';
      this.#emit({ type: 'refresh-token-lost', resource, at: this.#now(), problem, fix });
    }
  }

  /** Calls of credentials that go on after the shutdown, which no event can follow. */
  gaveUp(resources: Iterable<string>): void {
    const names = [...new Set(resources)].map((name) => `"${name}"`);
    if (names.length === 0) return;
    const more = names.length > mostNames ? [`${names.length - mostNames} more`] : [];
    const list = [...names.slice(0, mostNames), ...more].join(', ');
    this.#logger.warn(
      `The shutdown gave up calls of credentials that did not end within ${graceInMs / 1_000} s: ${list}.`,
    );
  }

  #credential(entry: TokenEntry): void {
    const news = this.#credentials.look(entry.resource.credential, this.#clock.now());
    if (news !== undefined) this.#emit({ ...news, resource: entry.name, at: this.#now() });
  }

  #end(entry: TokenEntry): void {
    const { held, endReported } = entry;
    if (held === undefined) return;
    const now = this.#clock.now();
    const end =
      entry.unexpired(now) === undefined ? 'expired' : isExpiring(held, now) ? 'expiring' : undefined;
    if (end === undefined || end === endReported) return;
    entry.endReported = end;
    this.held(end, entry, held);
  }

  #now(): Date {
    return new Date(this.#clock.now());
  }

  #emit(event: TokenEvent): void {
    this.#subject.next(event);
  }
}
