import type { EntraAuthError } from '../common/entra-auth.error.js';
import { concernsResource } from '../entra/token-endpoint.error.js';

// Whoever asked for a resource that is refused, and does not ask again, must not leave an alarm behind.
const lifeOfResourceRefusalInMs = 3_600_000;

interface Refused {
  error: EntraAuthError;
  key: string;
  /** When it came, in milliseconds since 1970. */
  at: number;
}

/** The last refusal that somebody must act upon, as long as nothing says that it is over. */
export class StandingRefusal {
  #last: Refused | undefined;

  /**
   * @param key what was asked for
   * @param now milliseconds since 1970
   */
  refused(key: string, error: EntraAuthError, now: number): void {
    this.#last = { error, key, at: now };
  }

  /** A success says nothing about what another resource asks for, such as consent. */
  accepted(key: string): void {
    if (this.#last === undefined) return;
    if (this.#last.key === key || !concernsResource(this.#last.error)) this.#last = undefined;
  }

  /** @param now milliseconds since 1970 */
  at(now: number): EntraAuthError | undefined {
    if (this.#last === undefined) return undefined;
    const { error, at } = this.#last;
    return concernsResource(error) && now - at > lifeOfResourceRefusalInMs ? undefined : error;
  }
}
