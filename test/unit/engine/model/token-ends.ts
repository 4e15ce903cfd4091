import type { TokenEvent, TokenState } from 'nestjs-entra-auth';

/** Watches that a token which serves is only replaced by one that ends later. */
export class TokenEnds {
  /** Resources whose token may end sooner: a server rejected it, or challenged the caller. */
  readonly #exempt = new Set<string>();
  /** Resources whose token a caller asked to replace: the new one may end sooner, yet leaves half of the time. */
  readonly #requested = new Set<string>();
  readonly #ends = new Map<string, number>();
  #isForgotten = false;

  /** Another token may come for a resource, whenever it ends. */
  expectAnother(resource: string): void {
    this.#exempt.add(resource);
  }

  expectRequested(resource: string): void {
    this.#requested.add(resource);
  }

  /** From now on ends cannot be compared, since the clock was set. */
  forget(): void {
    this.#isForgotten = true;
  }

  check(states: readonly TokenState[], events: readonly TokenEvent[], now: number): boolean {
    for (const { type, resource } of events) if (type === 'rejected') this.#exempt.add(resource);
    return states.every(({ resource, acquiredAt, expiresAt }) => {
      const end = expiresAt?.getTime() ?? -Infinity;
      const before = this.#ends.get(resource) ?? -Infinity;
      this.#ends.set(resource, end);
      if (this.#isForgotten || this.#exempt.has(resource) || before <= now) return true;
      const lifeInMs = end - (acquiredAt?.getTime() ?? -Infinity);
      return end + (this.#requested.has(resource) ? lifeInMs : 0) >= before;
    });
  }
}
