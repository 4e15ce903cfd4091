import type { Timestamp } from './clock.js';

const shortestIntervalInMs = 60_000;

/** Tells which occurrences of something that may happen thousands of times a second are to be written: one a minute. */
export class Occasion {
  #writtenAt: Timestamp = -Infinity;
  #count = 0;
  #isWritten = false;

  /** Whether one was written since the last end. */
  get isWritten(): boolean {
    return this.#isWritten;
  }

  /** @returns how often it has happened since the last end, when this one is to be written */
  note(now: Timestamp): number | undefined {
    this.#count++;
    if (Math.abs(now - this.#writtenAt) < shortestIntervalInMs) return undefined;
    this.#writtenAt = now;
    this.#isWritten = true;
    return this.#count;
  }

  /**
   * Counts anew from here. The interval goes on: what begins and ends many times a minute is written once in it.
   *
   * @returns whether one was written, so that its end is worth a line
   */
  end(): boolean {
    const wasWritten = this.#isWritten;
    this.#count = 0;
    this.#isWritten = false;
    return wasWritten;
  }
}
