import type { Clock } from '../common/clock.js';
import { withDeadline } from '../common/deadline.js';
import { EntraShutDownError, EntraTimeoutError } from '../common/entra-auth.error.js';
import { PacedClock } from '../common/paced-clock.js';
import type { HeldAccessToken } from '../entra/held-access-token.js';
import type { Outcome } from './apply.js';
import { isInDoubt, unexpired } from './entry-state.js';
import type { TokenEntry } from './token-entry.js';

/** Calls credentials, each time with a deadline, and owns calls that outlive it. */
export class TokenAttempts {
  readonly #clock: Clock;
  readonly #deadlines: Clock;
  readonly #onLateToken: (entry: TokenEntry, token: HeldAccessToken) => void;
  readonly #attempts = new Set<AbortController>();
  /** With the names of their entries. */
  readonly #calls = new Map<Promise<unknown>, string>();
  #stopped = false;

  /** @param onLateToken called with a token that comes after its attempt was given up */
  constructor(clock: Clock, onLateToken: (entry: TokenEntry, token: HeldAccessToken) => void) {
    this.#clock = clock;
    this.#deadlines = new PacedClock(clock);
    this.#onLateToken = onLateToken;
  }

  /** Calls under way, which cannot be interrupted. */
  get calls(): ReadonlyMap<Promise<unknown>, string> {
    return this.#calls;
  }

  /**
   * Makes one attempt.
   *
   * @param claims of a challenge that the token must satisfy
   * @throws {EntraShutDownError} when `stop` comes first
   */
  async make(entry: TokenEntry, claims: string | undefined): Promise<Outcome> {
    const challenged = claims !== undefined;
    const attempt = new AbortController();
    this.#attempts.add(attempt);
    try {
      const token = await this.#acquire(entry, claims, attempt.signal);
      return token === undefined ? { kind: 'same', challenged } : { kind: 'new', token };
    } catch (error) {
      if (this.#stopped) throw new EntraShutDownError();
      if (error instanceof EntraTimeoutError) entry.source.abandon();
      attempt.abort();
      return { kind: 'failed', error, challenged };
    } finally {
      this.#attempts.delete(attempt);
    }
  }

  /** Gives every attempt up. A token that comes later is ignored. */
  stop(): void {
    this.#stopped = true;
    for (const attempt of this.#attempts) attempt.abort(new EntraShutDownError());
  }

  /** Calls the credential, and waits for as long as an attempt may take. */
  #acquire(
    entry: TokenEntry,
    claims: string | undefined,
    signal: AbortSignal,
  ): Promise<HeldAccessToken | undefined> {
    const { attemptTimeoutInMs: timeoutInMs } = entry.resource.policy;
    const now = this.#clock.now();
    const call = entry.source.acquire({
      held: unexpired(entry.state, now),
      anyOther: isInDoubt(entry.state, now),
      isRequested: () => entry.inFlight?.isRequested === true,
      claims,
      clock: this.#clock,
      signal,
    });
    this.#own(entry, call, signal);
    return withDeadline(call, {
      timeoutInMs,
      clock: this.#deadlines,
      signal,
      onTimeout: () => new EntraTimeoutError('The credential', timeoutInMs, 'The request is repeated.'),
    });
  }

  #own(entry: TokenEntry, call: Promise<HeldAccessToken | undefined>, abandoned: AbortSignal): void {
    const owned = call.then(
      (late) => {
        if (!abandoned.aborted || late === undefined || this.#stopped) return;
        this.#onLateToken(entry, late);
      },
      () => undefined,
    );
    this.#calls.set(owned, entry.name);
    void owned.then(() => this.#calls.delete(owned));
  }
}
