import { backoffDelay } from '../common/backoff.js';
import { unref, type Clock, type TimerHandle } from '../common/clock.js';

const backoff = { initialDelayInMs: 2_000, maxDelayInMs: 60_000, shareOfLifeLeft: 0 };
const shortestDelayInMs = 500;

/** Retries to store a refresh token, with backoff. Its timer keeps no process alive. */
export class SaveRetry {
  readonly #clock: Clock;
  readonly #save: () => Promise<unknown>;
  #timer: TimerHandle;
  #failures = 0;

  /** @param save must not reject; calls `plan` again until everything is stored */
  constructor(clock: Clock, save: () => Promise<unknown>) {
    this.#clock = clock;
    this.#save = save;
  }

  /** Plans the next attempt, if none is planned. */
  plan(): void {
    if (this.#timer !== undefined) return;
    const delayInMs = backoffDelay(++this.#failures, backoff, this.#clock.random());
    const fire = (): void => {
      this.#timer = undefined;
      void this.#save();
    };
    this.#timer = this.#clock.setTimeout(fire, Math.max(shortestDelayInMs, delayInMs));
    unref(this.#timer);
  }

  stop(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#failures = 0;
  }
}
