// Imported, because a test runner's fake timers replace only the globals.
import { setImmediate } from 'node:timers';

// Node's timers overflow beyond this and fire at once; code that forgets to clamp should fail here too.
const longestDelayInMs = 2 ** 31 - 1;

/** A timer of a {@link ManualClock}. It keeps no process alive, so `ref` and `unref` change nothing. */
export interface ManualTimer {
  /** When it fires, in milliseconds since the clock was made. */
  readonly at: number;
  /** What it calls. */
  readonly callback: () => void;
  /** Changes nothing. */
  ref(): ManualTimer;
  /** Changes nothing. */
  unref(): ManualTimer;
}

/**
 * A clock that stands still until it is told to move. Give it to the module as its `clock`, and a test of hours takes
 * milliseconds.
 *
 * ```ts
 * const clock = new ManualClock();
 * EntraAuthModule.forRoot({ clock, … });
 * await clock.advance(30 * 60_000);
 * ```
 */
export class ManualClock {
  readonly #timers = new Set<ManualTimer>();
  #wall: number;
  #elapsed = 0;
  #random = 0.5;

  /** @param startsAt the wall clock at the start, in milliseconds since the Unix epoch. Default: the machine's now */
  constructor(startsAt: number = Date.now()) {
    this.#wall = startsAt;
  }

  /** The wall clock, in milliseconds since the Unix epoch. */
  readonly now = (): number => this.#wall;

  /** What `setRandom` fixed. */
  readonly random = (): number => this.#random;

  /** Fixes what `random()` returns from now on, at first 0.5. */
  setRandom(value: number): void {
    this.#random = value;
  }

  /** Calls back when the clock has been moved that far. */
  setTimeout(callback: () => void, delayInMs: number): ManualTimer {
    const delay = delayInMs > 0 && delayInMs <= longestDelayInMs ? delayInMs : 0;
    const timer: ManualTimer = {
      at: this.#elapsed + delay,
      callback,
      ref: () => timer,
      unref: () => timer,
    };
    this.#timers.add(timer);
    return timer;
  }

  /** Takes what `setTimeout` returned, also after it has fired. */
  clearTimeout(handle: unknown): void {
    this.#timers.delete(handle as ManualTimer);
  }

  /** How many timers are waiting. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  /**
   * Lets time pass. Timers fire in order, each at its own time, and what they set off in promises runs before the
   * next one fires.
   *
   * @param durationInMs how much time passes, in milliseconds
   */
  async advance(durationInMs: number): Promise<void> {
    const end = this.#elapsed + durationInMs;
    await settled();
    for (let timer = this.#next(end); timer !== undefined; timer = this.#next(end)) {
      this.#moveTo(Math.max(timer.at, this.#elapsed));
      this.#timers.delete(timer);
      timer.callback();
      await settled();
    }
    this.#moveTo(end);
    await settled();
  }

  /**
   * Sets the wall clock forward or back without any time passing for timers: what a corrected clock does, or a machine
   * that slept.
   *
   * @param durationInMs by how much, in milliseconds; negative for back
   */
  jump(durationInMs: number): void {
    this.#wall += durationInMs;
  }

  #next(end: number): ManualTimer | undefined {
    let next: ManualTimer | undefined;
    for (const timer of this.#timers) {
      if (timer.at <= end && (next === undefined || timer.at < next.at)) next = timer;
    }
    return next;
  }

  #moveTo(elapsed: number): void {
    this.#wall += elapsed - this.#elapsed;
    this.#elapsed = elapsed;
  }
}

/** Lets promise chains of ordinary length run to their end. */
async function settled(): Promise<void> {
  for (let round = 0; round < 2; round++) await new Promise<void>((resolve) => setImmediate(resolve));
}
