/** How long it took, in milliseconds. */
export interface RecoveryReport {
  count: number;
  maxInMs: number;
  p99InMs: number;
}

/** Measures the time from a kill to the next new answer for a user. */
export class Recoveries {
  readonly #killedAt = new Map<string, number>();
  readonly #times: number[] = [];

  /** Begins to wait for answers for users, anew for those whose next process was killed too. */
  begin(users: Iterable<string>, killedAt: number): void {
    for (const user of users) this.#killedAt.set(user, killedAt);
  }

  /** Notes an answer for a user, if one is awaited. */
  end(user: string): void {
    const killedAt = this.#killedAt.get(user);
    if (killedAt === undefined) return;
    this.#killedAt.delete(user);
    this.#times.push(performance.now() - killedAt);
  }

  /** Users without an answer so far. */
  get open(): string[] {
    return [...this.#killedAt.keys()];
  }

  get report(): RecoveryReport {
    const times = this.#times.toSorted((a, b) => a - b);
    const at = (share: number): number => Math.round(times[Math.ceil(times.length * share) - 1] ?? 0);
    return { count: times.length, maxInMs: at(1), p99InMs: at(0.99) };
  }
}
