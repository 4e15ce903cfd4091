import { Subject, type Observable } from 'rxjs';

import type { Clock } from '../common/clock.js';
import type { EntraAuthError } from '../common/entra-auth.error.js';
import type { LineLogger } from '../common/guarded-logger.js';
import { GuardedObservable } from '../common/guarded-observable.js';
import { graceInMs, type CredentialLoss } from '../credential/flush-credentials.js';
import type { HeldAccessToken } from '../entra/held-access-token.js';
import { clockSkewToleranceInMs } from '../entra/token-end.js';
import type { Transition } from './apply.js';
import { ClientCredentialWatch } from './client-credential-watch.js';
import { CredentialWatch } from './credential-watch.js';
import type { TokenEntry } from './token-entry.js';
import type { TokenEvent } from './token-event.js';
import { clientCredentialOf } from './token-state.js';

const mostNames = 10;

/** Emits what happens to the tokens. */
export class TokenEventReporter {
  readonly #subject = new Subject<TokenEvent>();
  readonly #logger: LineLogger;
  readonly events: Observable<TokenEvent>;
  readonly #clock: Clock;
  readonly #credentials = new CredentialWatch();
  readonly #clientCredentials = new ClientCredentialWatch();
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

  /** Emits what a transition tells, and what its token shows of the clock and of the credential. */
  emit(entry: TokenEntry, { events, token }: Transition): void {
    for (const event of events) {
      this.#emit(event);
      const isNew = event.type === 'acquired' || event.type === 'refreshed';
      if (isNew && token !== undefined) this.#clockSkew(entry, token);
      if (isNew || event.type === 'unchanged') this.#credential(entry);
    }
    if (events.some((event) => 'nextRefreshAt' in event)) this.#clientCredential(entry);
  }

  #clientCredential(entry: TokenEntry): void {
    const now = this.#clock.now();
    const known = clientCredentialOf(entry, now);
    // Another failure in between, such as a lost request, shows nothing of the secret.
    if (known === undefined && entry.state.trouble.consecutiveFailures > 0) return;
    const news = this.#clientCredentials.look(entry.resource.credential, known, now);
    if (news !== undefined) this.#emit({ ...news, resource: entry.name, at: this.#now() });
  }

  #clockSkew({ name }: TokenEntry, { acquiredAt, clockAheadInMs }: HeldAccessToken): void {
    if (Math.abs(clockAheadInMs - this.#reportedAheadInMs) < clockSkewToleranceInMs) return;
    // Zero is not a measurement: a token from a cache shows nothing.
    if (Math.abs(clockAheadInMs) < clockSkewToleranceInMs) return;
    this.#reportedAheadInMs = clockAheadInMs;
    this.#emit({ type: 'clock-skew', resource: name, at: new Date(acquiredAt), clockAheadInMs });
  }

  /** A login that a server refused. */
  refusedLogin(resource: string, error: EntraAuthError): void {
    this.#emit({ type: 'login-refused', resource, at: this.#now(), error });
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

  #now(): Date {
    return new Date(this.#clock.now());
  }

  #emit(event: TokenEvent): void {
    this.#subject.next(event);
  }
}
