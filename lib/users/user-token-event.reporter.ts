import { Subject, type Observable } from 'rxjs';

import type { Clock } from '../common/clock.js';
import { isEntraAuthError, type EntraAuthError } from '../common/entra-auth.error.js';
import type { LineLogger } from '../common/guarded-logger.js';
import { GuardedObservable } from '../common/guarded-observable.js';
import type { UserGrant } from './user-grant.js';
import type { UserResource } from './user-resources.js';
import type { UserTokenEvent } from './user-token-event.js';
import { InvalidAssertionError, UserInteractionRequiredError } from './user-token.error.js';

/** Emits what goes wrong with users' tokens. */
export class UserTokenEventReporter {
  readonly events: Observable<UserTokenEvent>;
  readonly #subject = new Subject<UserTokenEvent>();
  readonly #clock: Clock;
  /** Since a request succeeded. */
  #failures = 0;

  constructor(clock: Clock, logger: LineLogger) {
    this.#clock = clock;
    this.events = new GuardedObservable(this.#subject, logger);
  }

  /** A request that gave no token. */
  failed(grant: UserGrant, resource: UserResource, error: Error): void {
    if (!isEntraAuthError(error)) return;
    const { kind, userKey, entry } = grant;
    const expiresOn = entry.find(resource)?.token?.expiresOnTimestamp;
    const request = {
      at: this.#now(),
      resource: resource.name,
      grant: kind,
      userKey,
      ...(expiresOn !== undefined && { expiresAt: new Date(Math.min(expiresOn, entry.endsAt)) }),
    };
    if (error instanceof UserInteractionRequiredError || error instanceof InvalidAssertionError) {
      const { code, challenge, aadsts } = error;
      const isOfUser = error instanceof UserInteractionRequiredError;
      const type = isOfUser ? 'user-interaction-required' : 'user-assertion-refused';
      this.#subject.next({ ...request, type, code, challenge, ...(aadsts !== undefined && { aadsts }) });
      return;
    }
    this.#failures++;
    this.#subject.next({ ...request, type: 'user-token-failed', error });
  }

  /** A request that succeeded. */
  succeeded(): void {
    const failures = this.#failures;
    if (failures === 0) return;
    this.#failures = 0;
    this.#subject.next({ type: 'user-tokens-recovered', at: this.#now(), failures });
  }

  /** A new refresh token that could not be stored. */
  unsaved(userKey: string, error: EntraAuthError): void {
    this.#subject.next({ type: 'user-refresh-token-unsaved', at: this.#now(), userKey, error });
  }

  /** A new refresh token that is lost with the process. */
  lost(userKey: string, error: EntraAuthError): void {
    this.#subject.next({ type: 'user-refresh-token-lost', at: this.#now(), userKey, error });
  }

  /** No event comes any more. */
  complete(): void {
    this.#subject.complete();
  }

  #now(): Date {
    return new Date(this.#clock.now());
  }
}
