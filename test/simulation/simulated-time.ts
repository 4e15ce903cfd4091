// Imported, because the globals are replaced.
import { setImmediate as onNextTurn } from 'node:timers';

import { delayUntil, type Clock } from '../../lib/common/clock.js';
import { EventHeap } from './event-heap.js';

/** A timer of simulated time. It keeps no process alive. */
export interface SimulatedTimer {
  at: number;
  /** Distinguishes timers of the same instant: the one that was set first fires first. */
  order: number;
  run: (() => void) | undefined;
  ref(): SimulatedTimer;
  unref(): SimulatedTimer;
}

const originalGlobals = {
  Date: globalThis.Date,
  random: Math.random.bind(Math),
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  setInterval: globalThis.setInterval,
  clearInterval: globalThis.clearInterval,
};

/**
 * Time that passes only when it is told to, from event to event, for tens of thousands of timers. What a program does
 * between two events, it does in no time.
 */
export class SimulatedTime {
  readonly #events = new EventHeap<SimulatedTimer>();
  #now: number;
  #order = 0;

  constructor(startsAt: number) {
    this.#now = startsAt;
  }

  readonly now = (): number => this.#now;

  setTimeout(run: () => void, delayInMs: number): SimulatedTimer {
    const delay = delayInMs > 0 ? delayInMs : 0;
    const timer: SimulatedTimer = {
      at: delayUntil(this.#now + delay, this.#now) + this.#now,
      order: this.#order++,
      run,
      ref: () => timer,
      unref: () => timer,
    };
    this.#events.push(timer);
    return timer;
  }

  clearTimeout(timer: unknown): void {
    if (isTimer(timer)) timer.run = undefined;
  }

  /** This time with a chance of one's own, as the module takes it. */
  clock(random: () => number): Clock {
    return {
      now: this.now,
      random,
      setTimeout: (run, delayInMs) => this.setTimeout(run, delayInMs),
      clearTimeout: (timer) => this.clearTimeout(timer),
    };
  }

  /** Lets time pass. What each timer sets off in promises has run to its end before the next one fires. */
  async advanceTo(end: number): Promise<void> {
    await settled();
    for (let next = this.#events.first; next !== undefined && next.at <= end; next = this.#events.first) {
      this.#events.pop();
      if (next.run === undefined) continue;
      this.#now = Math.max(this.#now, next.at);
      next.run();
      await settled();
    }
    this.#now = Math.max(this.#now, end);
    await settled();
  }

  /** Drops every timer: a caller that still waits, waits for ever. */
  dropAll(): void {
    this.#events.clear();
  }

  /**
   * Makes this the time of the whole process, so that code which knows of no clock but the machine's lives in it too.
   *
   * @returns what undoes it
   */
  install(random: () => number): () => void {
    const { now } = this;
    class SimulatedDate extends originalGlobals.Date {
      constructor(...args: [] | [number | string | Date]) {
        if (args.length === 0) super(now());
        else super(...args);
      }
      static override now(): number {
        return now();
      }
    }
    type Callback = (...args: unknown[]) => void;
    const every = (run: Callback, delayInMs: number): { timer: SimulatedTimer } => {
      const again = (): SimulatedTimer =>
        this.setTimeout(() => {
          interval.timer = again();
          run();
        }, delayInMs);
      const interval = { timer: again() };
      return interval;
    };
    Object.assign(globalThis, {
      Date: SimulatedDate,
      setTimeout: (run: Callback, delayInMs: number, ...args: unknown[]) =>
        this.setTimeout(() => run(...args), delayInMs),
      clearTimeout: (timer: unknown) => this.clearTimeout(timer),
      setInterval: every,
      clearInterval: (interval: { timer: SimulatedTimer }) => this.clearTimeout(interval.timer),
    });
    Math.random = random;
    return () => {
      const { random: machineRandom, ...others } = originalGlobals;
      Object.assign(globalThis, others);
      Math.random = machineRandom;
    };
  }
}

function isTimer(value: unknown): value is SimulatedTimer {
  return typeof value === 'object' && value !== null && 'run' in value;
}

/** Promise chains run to their end before the event loop turns: nothing that is simulated does real I/O. */
function settled(): Promise<void> {
  return new Promise((resolve) => onNextTurn(resolve));
}
