import type { Timestamp } from '../common/clock.js';
import type { EntraAuthError } from '../common/entra-auth.error.js';
import { concernsResource } from '../entra/token-endpoint.error.js';

// A refused resource that no caller requests any more must not leave an alarm behind.
const lifeOfResourceErrorInMs = 3_600_000;

interface Failure {
  error: EntraAuthError;
  key: string;
  at: Timestamp;
}

/** The last error that needs a repair, until a success shows that it is over. */
export class StandingError {
  #last: Failure | undefined;

  /** @param key identifies the request */
  failed(key: string, error: EntraAuthError, now: Timestamp): void {
    this.#last = { error, key, at: now };
  }

  /** A success proves nothing for another resource, which may need consent. */
  succeeded(key: string): void {
    if (this.#last === undefined) return;
    if (this.#last.key === key || !concernsResource(this.#last.error)) this.#last = undefined;
  }

  at(now: Timestamp): EntraAuthError | undefined {
    if (this.#last === undefined) return undefined;
    const { error, at } = this.#last;
    return concernsResource(error) && now - at > lifeOfResourceErrorInMs ? undefined : error;
  }
}
