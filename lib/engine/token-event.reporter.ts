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
import type { TokenEvent, TokenHeldEvent } from './token-event.js';
import type { TokenSlot } from './token-slot.js';
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

  obtained(type: 'acquired' | 'refreshed', slot: TokenSlot, token: HeldAccessToken): void {
    this.#emit({
      type,
      resource: slot.name,
      at: new Date(token.acquiredAt),
      expiresAt: new Date(token.expiresOnTimestamp),
      nextRefreshAt: new Date(slot.nextAttemptAt),
    });
    this.#clockSkew(slot, token);
    this.#credential(slot);
  }

  #clockSkew({ name }: TokenSlot, { acquiredAt, clockAheadInMs }: HeldAccessToken): void {
    if (Math.abs(clockAheadInMs - this.#reportedAheadInMs) < clockSkewToleranceInMs) return;
    // Zero is no measurement: a token from a cache shows nothing.
    if (Math.abs(clockAheadInMs) < clockSkewToleranceInMs) return;
    this.#reportedAheadInMs = clockAheadInMs;
    this.#emit({ type: 'clock-skew', resource: name, at: new Date(acquiredAt), clockAheadInMs });
  }

  unchanged(slot: TokenSlot, token: HeldAccessToken): void {
    this.#emit({
      type: 'unchanged',
      resource: slot.name,
      at: this.#now(),
      expiresAt: new Date(token.expiresOnTimestamp),
      nextRefreshAt: new Date(slot.nextAttemptAt),
    });
    this.#credential(slot);
  }

  held(type: TokenHeldEvent['type'], slot: TokenSlot, token: HeldAccessToken): void {
    this.#emit({ type, resource: slot.name, at: this.#now(), expiresAt: new Date(token.expiresOnTimestamp) });
  }

  /** A failed attempt, and what it means for the held token. */
  failed(slot: TokenSlot, error: TokenUnavailableError, failure: CredentialFailure): void {
    const held = slot.unexpired(this.#clock.now());
    const expiry = held === undefined ? {} : { expiresAt: new Date(held.expiresOnTimestamp) };
    this.#emit({
      type: 'refresh-failed',
      resource: slot.name,
      at: this.#now(),
      error,
      consecutiveFailures: slot.consecutiveFailures,
      nextRefreshAt: new Date(slot.nextAttemptAt),
      ...expiry,
    });
    if (failure.signIn && !slot.signInReported) {
      slot.signInReported = true;
      const { problem, fix } = failure;
      this.#emit({
        type: 'reauthentication-required',
        resource: slot.name,
        at: this.#now(),
        error,
        problem,
        fix,
        ...expiry,
      });
    }
    this.#end(slot);
  }

  /** What credentials lose at the end. */
  lost(slots: readonly TokenSlot[], losses: readonly CredentialLoss[]): void {
    for (const { credential, problem, fix } of losses) {
      const slot = slots.find(({ resource }) => resource.credential === credential);
      const resource = slot?.name ?? 'a dropped resource';
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

  #credential(slot: TokenSlot): void {
    const news = this.#credentials.look(slot.resource.credential, this.#clock.now());
    if (news !== undefined) this.#emit({ ...news, resource: slot.name, at: this.#now() });
  }

  #end(slot: TokenSlot): void {
    const { held, endReported } = slot;
    if (held === undefined) return;
    const now = this.#clock.now();
    const end =
      slot.unexpired(now) === undefined ? 'expired' : isExpiring(held, now) ? 'expiring' : undefined;
    if (end === undefined || end === endReported) return;
    slot.endReported = end;
    this.held(end, slot, held);
  }

  #now(): Date {
    return new Date(this.#clock.now());
  }

  #emit(event: TokenEvent): void {
    this.#subject.next(event);
  }
}
