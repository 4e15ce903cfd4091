import type { Clock, TimerHandle } from './clock.js';

// A timeout of an attempt costs up to 0.1 ms with its errors, events and timers.
const mostInTurn = 50;

/** A clock whose timers leave the event loop free: of thousands that fire at once, 50 run in a turn. */
export class PacedClock implements Clock {
  readonly #clock: Clock;
  #queue: (() => void)[] = [];
  /** Callbacks that ran since the queue was last empty after a pause. */
  #ran = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  random(): number {
    return this.#clock.random();
  }

  /** Calls back even if the timer is cleared while its callback waits for its turn. */
  setTimeout(callback: () => void, delayInMs: number): TimerHandle {
    return this.#clock.setTimeout(() => this.#run(callback), delayInMs);
  }

  clearTimeout(handle: TimerHandle): void {
    this.#clock.clearTimeout(handle);
  }

  #run(callback: () => void): void {
    if (this.#queue.length === 0 && this.#ran < mostInTurn) {
      this.#ran++;
      callback();
      return;
    }
    this.#queue.push(callback);
    if (this.#queue.length === 1) this.#pause();
  }

  #pause(): void {
    this.#clock.setTimeout(() => this.#drain(), 0);
  }

  #drain(): void {
    const batch = this.#queue.splice(0, mostInTurn);
    this.#ran = 0;
    if (this.#queue.length > 0) this.#pause();
    for (const callback of batch) callback();
  }
}
