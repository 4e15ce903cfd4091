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
  /** Name of its timer, unless that is taken. */
  readonly timerName: string;
  /** Whether a caller waits for the timer; a refresh ahead of time must not hold the process. */
  readonly keepsProcessAlive: boolean;
}

/** Owns the refresh timers: each is a named timeout that the application can see in its `SchedulerRegistry`. */
export class RefreshScheduler<T extends TimerOwner> {
  readonly #registry: TimerRegistry;
  readonly #clock: Clock;
  readonly #run: (owner: T) => void;
  readonly #timers = new Map<T, TimerHandle>();
  /** Names of timers whose owners' names were taken. There are thousands of timers, and hardly any of these. */
  readonly #otherNames = new Map<T, string>();

  /** @param run called at an owner's `wakeAt` */
  constructor(registry: TimerRegistry, clock: Clock, run: (owner: T) => void) {
    this.#registry = registry;
    this.#clock = clock;
    this.#run = run;
  }

  /** Sets a timer for the owner's `wakeAt`, in place of the one before. */
  schedule(owner: T): void {
    this.cancel(owner);
    const now = this.#clock.now();
    const delay = Math.min(delayUntil(owner.wakeAt, now), longestSleepInMs);
    const expectedAt = now + delay;
    // There may be thousands of timers: a bound function takes 40 bytes less than a closure.
    const timer = this.#clock.setTimeout(this.#fire.bind(this, owner, expectedAt), delay);
    if (!owner.keepsProcessAlive) unref(timer);
    this.#timers.set(owner, timer);
    this.#registry.addTimeout(this.#freeName(owner), timer);
  }

  cancel(owner: T): void {
    if (!this.#timers.has(owner)) return;
    const name = this.#otherNames.get(owner) ?? owner.timerName;
    this.#clock.clearTimeout(this.#timers.get(owner));
    this.#timers.delete(owner);
    this.#otherNames.delete(owner);
    if (this.#registry.doesExist('timeout', name)) this.#registry.deleteTimeout(name);
  }

  /**
   * Timers count elapsed time, tokens the wall clock: the two part ways in sleep and when the clock is set. After a
   * step back every time that was noted lies too far ahead, so what was planned is done now.
   */
  #fire(owner: T, expectedAt: Timestamp): void {
    this.cancel(owner);
    const now = this.#clock.now();
    const clockWentBack = now < expectedAt - clockToleranceInMs;
    if (now >= owner.wakeAt || clockWentBack) this.#run(owner);
    else this.schedule(owner);
  }

  #freeName(owner: T): string {
    const { timerName } = owner;
    let name = timerName;
    for (let n = 2; this.#registry.doesExist('timeout', name); n++) name = `${timerName}#${n}`;
    if (name !== timerName) this.#otherNames.set(owner, name);
    return name;
  }
}
