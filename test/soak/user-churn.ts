import type { EntraUserTokenService } from 'nestjs-entra-auth/users';

import { uniform } from '../simulation/seeded-random.js';
import type { PacedTime } from './paced-time.js';
import { assertionOf, oidIn, oidOf } from './user-tokens.js';

const minute = 60_000;
const fillAtOnce = 500;

/** Users who call an API again and again, each with the token that is live at that time. */
export class UserChurn {
  readonly #service: EntraUserTokenService;
  readonly #clock: PacedTime;
  readonly #random: () => number;
  /** When the live token of each user was issued, and when it ends. */
  readonly #issuedAt: Float64Array;
  readonly #endsAt: Float64Array;
  readonly #pending = new Set<Promise<void>>();
  #calls = 0;
  #wrong = 0;
  #failed = 0;

  constructor(service: EntraUserTokenService, clock: PacedTime, users: number, random: () => number) {
    this.#service = service;
    this.#clock = clock;
    this.#random = random;
    this.#issuedAt = new Float64Array(users);
    this.#endsAt = new Float64Array(users);
  }

  get counts(): { calls: number; wrong: number; failed: number } {
    return { calls: this.#calls, wrong: this.#wrong, failed: this.#failed };
  }

  /** Lets every user call once. Their tokens are of any age. */
  async fill(): Promise<void> {
    const users = this.#endsAt.length;
    for (let from = 0; from < users; from += fillAtOnce) {
      const count = Math.min(fillAtOnce, users - from);
      await Promise.all(Array.from({ length: count }, (_, n) => this.#callOf(from + n, 20)));
    }
  }

  /** Lets so many users call, whoever is next, without waiting for them. */
  call(count: number): void {
    for (let n = 0; n < count; n++) {
      const call = this.#callOf(Math.floor(this.#random() * this.#endsAt.length), 60);
      this.#pending.add(call);
      void call.finally(() => this.#pending.delete(call));
    }
  }

  async settled(): Promise<void> {
    await Promise.all(this.#pending);
  }

  async #callOf(user: number, shortestLifeInMinutes: number): Promise<void> {
    this.#calls++;
    try {
      const assertion = this.#assertionOf(user, shortestLifeInMinutes);
      const { token } = await this.#service.onBehalfOf(assertion).getToken('graph');
      if (oidIn(token) !== oidOf(user)) this.#wrong++;
    } catch (error) {
      if (this.#failed++ < 5) process.stderr.write(`${String(error)}\n`);
    }
  }

  /** The live token of a user, or a new one in the last minute of it. */
  #assertionOf(user: number, shortestLifeInMinutes: number): string {
    const now = this.#clock.now();
    if ((this.#endsAt[user] ?? 0) < now + minute) {
      this.#issuedAt[user] = now;
      this.#endsAt[user] = now + uniform(shortestLifeInMinutes, 90, this.#random) * minute;
    }
    return assertionOf(user, this.#issuedAt[user] ?? 0, this.#endsAt[user] ?? 0);
  }
}
