import type { HeldAccessToken } from '../entra/held-access-token.js';
import type { UserGrant } from './user-grant.js';
import type { UserResource } from './user-resources.js';

/** An exchange that waits for its turn or is under way. */
export interface RunningExchange {
  readonly grant: UserGrant;
  readonly resource: UserResource;
  /** The claims of a challenge. */
  readonly claims: string | undefined;
  /** Whether what it was begun for has been forgotten: its outcome is noted nowhere. */
  isAbandoned: boolean;
  token: Promise<HeldAccessToken>;
}

/**
 * The exchanges under way: one at a time for each entry, resource and claims. Compares each of them by itself: joined to one
 * text, those of two users could look alike.
 */
export class RunningExchanges {
  readonly #byEntry = new Map<string, RunningExchange[]>();

  find(entryKey: string, resource: UserResource, claims: string | undefined): RunningExchange | undefined {
    return this.#byEntry.get(entryKey)?.find((one) => one.resource === resource && one.claims === claims);
  }

  /** Keeps an exchange in sight until it has settled. */
  begin(
    exchange: Omit<RunningExchange, 'token' | 'isAbandoned'>,
    run: (exchange: RunningExchange) => Promise<HeldAccessToken>,
  ): Promise<HeldAccessToken> {
    const { grant, resource, claims } = exchange;
    const running = { grant, resource, claims, isAbandoned: false } as RunningExchange;
    const { key: entryKey } = grant.entry;
    const others = this.#byEntry.get(entryKey);
    if (others === undefined) this.#byEntry.set(entryKey, [running]);
    else others.push(running);
    const end = (): void => this.#end(entryKey, running);
    running.token = run(running);
    // Callers come and go; its outcome is noted in the entry in any case.
    running.token.then(end, end);
    return running.token;
  }

  /** Lets those of an entry run on without effect. The next call begins a new one. */
  abandon(entryKey: string): void {
    for (const exchange of this.#byEntry.get(entryKey) ?? []) exchange.isAbandoned = true;
    this.#byEntry.delete(entryKey);
  }

  /** The same of all entries of a person. */
  abandonAllOf(person: string): void {
    for (const [entryKey, [exchange]] of this.#byEntry) {
      if (exchange?.grant.person() === person) this.abandon(entryKey);
    }
  }

  #end(entryKey: string, exchange: RunningExchange): void {
    const running = this.#byEntry.get(entryKey);
    if (running === undefined || exchange.isAbandoned) return;
    const left = running.filter((one) => one !== exchange);
    if (left.length === 0) this.#byEntry.delete(entryKey);
    else this.#byEntry.set(entryKey, left);
  }
}
