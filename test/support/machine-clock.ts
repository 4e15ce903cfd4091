import { ManualClock, type ManualTimer } from '../../lib/testing/manual-clock.js';

/**
 * The clock of the machine, moved by the test: the engine counts by it, and so does whatever asks `Date` in this test
 * file, such as the caches of `@azure/identity`. Entra's clock goes with it until the machine's is set wrong.
 */
export class MachineClock extends ManualClock {
  readonly #date = Date;
  readonly #waiting = new Set<ManualTimer>();
  #elapsed = 0;
  #errorInMs = 0;

  /** The time as Entra knows it. */
  readonly trueTime = (): number => this.now() - this.#errorInMs;

  /** How much time must pass until a timer fires. */
  get untilNextTimer(): number {
    return Math.min(...[...this.#waiting].map(({ at }) => at)) - this.#elapsed;
  }

  override setTimeout(callback: () => void, delayInMs: number): ManualTimer {
    const fire = (): void => {
      this.#waiting.delete(timer);
      callback();
    };
    const timer = super.setTimeout(fire, delayInMs);
    this.#waiting.add(timer);
    return timer;
  }

  override clearTimeout(handle: unknown): void {
    this.#waiting.delete(handle as ManualTimer);
    super.clearTimeout(handle);
  }

  override async advance(durationInMs: number): Promise<void> {
    await super.advance(durationInMs);
    this.#elapsed += durationInMs;
  }

  /** Sets the machine's clock forward or, negative, back; for everybody else time goes on as before. */
  setWrong(byInMs: number): void {
    this.#errorInMs += byInMs;
    this.jump(byInMs);
  }

  setRight(): void {
    this.setWrong(-this.#errorInMs);
  }

  /** Makes `Date` follow this clock. */
  install(): void {
    const now = this.now;
    globalThis.Date = new Proxy(this.#date, {
      construct: (target, args: unknown[], newTarget) =>
        Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget) as object,
      get: (target, key): unknown => (key === 'now' ? now : Reflect.get(target, key)),
    });
  }

  uninstall(): void {
    globalThis.Date = this.#date;
  }
}
