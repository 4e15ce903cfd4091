import type { TokenEvent, TokenState } from 'nestjs-entra-auth';

/** Watches that a token which serves is only replaced by one that ends later. */
export class TokenEnds {
  /** Resources whose token may end sooner: a server rejected it, or challenged the caller. */
  readonly #exempt = new Set<string>();
  readonly #ends = new Map<string, number>();
  #isForgotten = false;

  /** Another token may come for a resource, whenever it ends. */
  expectAnother(resource: string): void {
    this.#exempt.add(resource);
  }

  /** From now on ends cannot be compared, since the clock was set. */
  forget(): void {
    this.#isForgotten = true;
  }

  check(states: readonly TokenState[], events: readonly TokenEvent[], now: number): boolean {
    for (const { type, resource } of events) if (type === 'rejected') this.#exempt.add(resource);
    return states.every(({ resource, expiresAt }) => {
      const end = expiresAt?.getTime() ?? -Infinity;
      const before = this.#ends.get(resource) ?? -Infinity;
      this.#ends.set(resource, end);
      return this.#isForgotten || this.#exempt.has(resource) || before <= now || end >= before;
    });
  }
}
