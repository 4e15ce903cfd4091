import {
  clockToleranceInMs,
  delayUntil,
  unref,
  type Clock,
  type TimerHandle,
  type Timestamp,
} from '../common/clock.js';

// A machine that slept, or whose clock was set, is noticed at the latest after this time, even without any call.
const longestSleepInMs = 300_000;

/** Where an application can see and remove the timers. `SchedulerRegistry` of `@nestjs/schedule` is one. */
export interface TimerRegistry {
  doesExist(type: 'timeout', name: string): boolean;
  addTimeout(name: string, timer: TimerHandle): void;
  deleteTimeout(name: string): void;
}

/** Knows no timers by name: for what runs without an application. */
export const noRegistry: TimerRegistry = {
  doesExist: () => false,
  addTimeout: () => undefined,
  deleteTimeout: () => undefined,
};

/** Has at most one timer, which the scheduler keeps. */
export interface TimerOwner {
  readonly wakeAt: Timestamp;
}

interface Timer {
  readonly name: string;
  readonly handle: TimerHandle;
}

/** Owns the refresh timers: each is a named timeout that the application can see in its `SchedulerRegistry`. */
export class RefreshScheduler<T extends TimerOwner> {
  readonly #registry: TimerRegistry;
  readonly #clock: Clock;
  readonly #run: (owner: T) => void;
  readonly #timers = new Map<T, Timer>();

  /** @param run called at an owner's `wakeAt` */
  constructor(registry: TimerRegistry, clock: Clock, run: (owner: T) => void) {
    this.#registry = registry;
    this.#clock = clock;
    this.#run = run;
  }

  /**
   * Sets a timer for the owner's `wakeAt`, in place of the one before.
   *
   * @param wishedName the timer's name, unless that is taken
   * @param keepsProcessAlive whether a caller waits for it; a refresh ahead of time must not hold the process
   */
  schedule(owner: T, wishedName: string, keepsProcessAlive: boolean): void {
    this.cancel(owner);
    this.#arm(owner, this.#freeName(wishedName), keepsProcessAlive);
  }

  cancel(owner: T): void {
    const timer = this.#timers.get(owner);
    if (timer === undefined) return;
    this.#timers.delete(owner);
    this.#clock.clearTimeout(timer.handle);
    if (this.#registry.doesExist('timeout', timer.name)) this.#registry.deleteTimeout(timer.name);
  }

  #arm(owner: T, name: string, keepsProcessAlive: boolean): void {
    const now = this.#clock.now();
    const delay = Math.min(delayUntil(owner.wakeAt, now), longestSleepInMs);
    const expectedAt = now + delay;
    const handle = this.#clock.setTimeout(() => this.#fire(owner, expectedAt, keepsProcessAlive), delay);
    if (!keepsProcessAlive) unref(handle);
    this.#timers.set(owner, { name, handle });
    this.#registry.addTimeout(name, handle);
  }

  /**
   * Timers count elapsed time, tokens the wall clock: the two part ways in sleep and when the clock is set. After a
   * step back every time that was noted lies too far ahead, so what was planned is done now.
   */
  #fire(owner: T, expectedAt: Timestamp, keepsProcessAlive: boolean): void {
    const name = this.#timers.get(owner)?.name;
    this.cancel(owner);
    const now = this.#clock.now();
    const clockWentBack = now < expectedAt - clockToleranceInMs;
    if (name === undefined || now >= owner.wakeAt || clockWentBack) this.#run(owner);
    else this.#arm(owner, name, keepsProcessAlive);
  }

  #freeName(wished: string): string {
    let name = wished;
    for (let n = 2; this.#registry.doesExist('timeout', name); n++) name = `${wished}#${n}`;
    return name;
  }
}
