import { clockToleranceInMs, delayUntil, unref, type Clock, type TimerHandle } from '../common/clock.js';

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

/** Something that has one timer at most. The scheduler keeps the timer on it: there may be thousands. */
export interface TimerOwner {
  /** The point of the wall clock that the timer is for, in milliseconds since the Unix epoch. */
  readonly wakeAt: number;
  /** Name of the timer, while there is one. */
  timerName: string | undefined;
  timerHandle: TimerHandle;
}

/** Owns the refresh timers: each is a named timeout that the application can see in its `SchedulerRegistry`. */
export class RefreshScheduler {
  readonly #registry: TimerRegistry;
  readonly #clock: Clock;

  constructor(registry: TimerRegistry, clock: Clock) {
    this.#registry = registry;
    this.#clock = clock;
  }

  /**
   * Plans `run` for the owner's `wakeAt`, in place of what was planned before.
   *
   * @param wishedName the timer's name, unless that is taken
   * @param keepsProcessAlive whether somebody waits for it; a refresh ahead of time must not hold the process
   */
  schedule<T extends TimerOwner>(
    owner: T,
    wishedName: string,
    run: (owner: T) => void,
    keepsProcessAlive: boolean,
  ): void {
    this.cancel(owner);
    this.#arm(owner, this.#freeName(wishedName), run, keepsProcessAlive);
  }

  cancel(owner: TimerOwner): void {
    const { timerName, timerHandle } = owner;
    if (timerName === undefined) return;
    owner.timerName = undefined;
    owner.timerHandle = undefined;
    this.#clock.clearTimeout(timerHandle);
    if (this.#registry.doesExist('timeout', timerName)) this.#registry.deleteTimeout(timerName);
  }

  #arm<T extends TimerOwner>(
    owner: T,
    name: string,
    run: (owner: T) => void,
    keepsProcessAlive: boolean,
  ): void {
    const now = this.#clock.now();
    const delay = Math.min(delayUntil(owner.wakeAt, now), longestSleepInMs);
    const expectedAt = now + delay;
    const timer = this.#clock.setTimeout(() => this.#fire(owner, expectedAt, run, keepsProcessAlive), delay);
    if (!keepsProcessAlive) unref(timer);
    owner.timerName = name;
    owner.timerHandle = timer;
    this.#registry.addTimeout(name, timer);
  }

  /**
   * Timers count elapsed time, tokens the wall clock: the two part ways in sleep and when the clock is set. After a
   * step back every time that was noted lies too far ahead, so what was planned is done now.
   */
  #fire<T extends TimerOwner>(
    owner: T,
    expectedAt: number,
    run: (owner: T) => void,
    keepsProcessAlive: boolean,
  ): void {
    const { timerName: name } = owner;
    this.cancel(owner);
    const now = this.#clock.now();
    const clockWentBack = now < expectedAt - clockToleranceInMs;
    if (name === undefined || now >= owner.wakeAt || clockWentBack) run(owner);
    else this.#arm(owner, name, run, keepsProcessAlive);
  }

  #freeName(wished: string): string {
    let name = wished;
    for (let n = 2; this.#registry.doesExist('timeout', name); n++) name = `${wished}#${n}`;
    return name;
  }
}
