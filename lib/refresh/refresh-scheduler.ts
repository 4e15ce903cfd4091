import type { SchedulerRegistry } from '@nestjs/schedule';

import { delayUntil, type Clock, type TimerHandle } from './clock.js';

// A machine that slept, or whose clock was set, is noticed at the latest after this time, even without any call.
const longestSleepInMs = 300_000;

// Adjustments of the clock that are smaller than this need no answer.
const clockToleranceInMs = 1_000;

/** Owns the refresh timers: each is a named timeout that the application can see in its `SchedulerRegistry`. */
export class RefreshScheduler {
  readonly #registry: SchedulerRegistry;
  readonly #clock: Clock;
  readonly #timers = new Map<string, TimerHandle>();

  constructor(registry: SchedulerRegistry, clock: Clock) {
    this.#registry = registry;
    this.#clock = clock;
  }

  /**
   * Plans `run` for a point of the wall clock.
   *
   * @param keepsProcessAlive whether somebody waits for it; a refresh ahead of time must not hold the process
   * @returns the timer's name, which differs from the wished one only when that is taken
   */
  schedule(name: string, at: number, run: () => void, keepsProcessAlive: boolean): string {
    const free = this.#freeName(name);
    this.#arm(free, at, run, keepsProcessAlive);
    return free;
  }

  cancel(name: string): void {
    const timer = this.#timers.get(name);
    if (timer === undefined) return;
    this.#timers.delete(name);
    this.#clock.clearTimeout(timer);
    if (this.#registry.doesExist('timeout', name)) this.#registry.deleteTimeout(name);
  }

  cancelAll(): void {
    for (const name of [...this.#timers.keys()]) this.cancel(name);
  }

  #arm(name: string, at: number, run: () => void, keepsProcessAlive: boolean): void {
    const armedAt = this.#clock.now();
    const delay = Math.min(delayUntil(at, armedAt), longestSleepInMs);
    const timer = this.#clock.setTimeout(() => {
      this.cancel(name);
      // Timers count elapsed time, tokens the wall clock: the two part ways in sleep and when the clock is set. After
      // a step back every time that was noted lies too far ahead, so what was planned is done now.
      const now = this.#clock.now();
      const clockWentBack = now < armedAt + delay - clockToleranceInMs;
      if (now < at && !clockWentBack) this.#arm(name, at, run, keepsProcessAlive);
      else run();
    }, delay);
    if (!keepsProcessAlive) unref(timer);
    this.#timers.set(name, timer);
    this.#registry.addTimeout(name, timer);
  }

  #freeName(wished: string): string {
    let name = wished;
    for (let n = 2; this.#registry.doesExist('timeout', name); n++) name = `${wished}#${n}`;
    return name;
  }
}

function unref(timer: TimerHandle): void {
  (timer as { unref?: () => void } | undefined)?.unref?.();
}
