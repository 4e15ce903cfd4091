import type { Clock, Timestamp } from '../../common/clock.js';
import { withDeadline } from '../../common/deadline.js';
import { EntraTimeoutError } from '../../common/entra-auth.error.js';

const resultLifeInMs = 5_000;
const fix = 'Check that the server can be reached and answers.';

/** What each probe reports, whatever it asked. */
export interface ProbeReport {
  status: 'up' | 'down';
  /** Milliseconds that it took. */
  durationInMs: number;
  /** Why it is down. Free of secrets. */
  message?: string;
  /** What a person must do; absent when it is up, or the remedy is not known. */
  remedy?: string;
}

interface Result<P> {
  probe: Promise<P>;
  /** Absent while the probe is under way. */
  endedAt?: Timestamp;
}

/** Makes one probe for all who ask at the same time, and lets its result serve for five seconds. */
export class SharedProbes<P extends ProbeReport> {
  readonly #what: string;
  readonly #clock: Clock;
  readonly #results = new Map<string, Result<P>>();

  /** @param what is probed, as a message calls it */
  constructor(what: string, clock: Clock) {
    this.#what = what;
    this.#clock = clock;
  }

  /** @param probe never rejects */
  latest(key: string, timeoutInMs: number, probe: () => Promise<P>): Promise<P | ProbeReport> {
    const known = this.#results.get(key);
    return known !== undefined && this.#serves(known)
      ? this.#inTime(known.probe, timeoutInMs)
      : this.#start(key, probe);
  }

  /** A probe that another caller began may have a longer deadline. */
  async #inTime(probe: Promise<P>, timeoutInMs: number): Promise<P | ProbeReport> {
    const late = new EntraTimeoutError(`A probe of ${this.#what}`, timeoutInMs, fix);
    try {
      return await withDeadline(probe, { timeoutInMs, clock: this.#clock, onTimeout: () => late });
    } catch {
      return { status: 'down', durationInMs: timeoutInMs, message: late.message, remedy: fix };
    }
  }

  #serves({ endedAt }: Result<P>): boolean {
    if (endedAt === undefined) return true;
    const age = this.#clock.now() - endedAt;
    // Negative after the clock was set back.
    return age >= 0 && age < resultLifeInMs;
  }

  #start(key: string, probe: () => Promise<P>): Promise<P> {
    const result: Result<P> = { probe: probe() };
    this.#results.set(key, result);
    void result.probe.then(() => (result.endedAt = this.#clock.now()));
    return result.probe;
  }
}
