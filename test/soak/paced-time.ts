import type { Clock } from 'nestjs-entra-auth';

/** A clock that can run faster than the machine's, and be set forward. */
export class PacedTime implements Clock {
  #realNow = Date.now();
  #now = this.#realNow;
  #speed = 1;

  now(): number {
    return Math.floor(this.#now + (Date.now() - this.#realNow) * this.#speed);
  }

  random(): number {
    return Math.random();
  }

  setTimeout(callback: () => void, delayInMs: number): NodeJS.Timeout {
    return setTimeout(callback, delayInMs / this.#speed);
  }

  clearTimeout(handle: unknown): void {
    clearTimeout(handle as NodeJS.Timeout);
  }

  /** @param speed how many times as fast as the machine's it runs from now on; timers that wait keep theirs */
  run(speed: number): void {
    this.jump(0);
    this.#speed = speed;
  }

  jump(durationInMs: number): void {
    this.#now = this.now() + durationInMs;
    this.#realNow = Date.now();
  }
}
