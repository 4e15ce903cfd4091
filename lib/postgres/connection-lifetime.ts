import { type Clock, type TimerHandle, unref } from '../common/clock.js';

// Spreads the replacement of connections that were opened together, as after a restart of the server.
const spread = 0.1;

/** Calls back when a connection reaches its greatest age. */
export class ConnectionLifetime {
  readonly #clock: Clock;
  readonly #maxInMs: number;
  readonly #timers = new WeakMap<object, TimerHandle>();

  /** @param maxInMs the greatest age */
  constructor(clock: Clock, maxInMs: number) {
    this.#clock = clock;
    this.#maxInMs = maxInMs;
  }

  /** Calls back once at the greatest age, unless `end` is called before. */
  begin(connection: object, onOldAge: () => void): void {
    const lifeInMs = this.#maxInMs * (1 - spread * this.#clock.random());
    const timer = this.#clock.setTimeout(onOldAge, lifeInMs);
    unref(timer);
    this.#timers.set(connection, timer);
  }

  /** The connection is gone. */
  end(connection: object): void {
    const timer = this.#timers.get(connection);
    if (timer !== undefined) this.#clock.clearTimeout(timer);
    this.#timers.delete(connection);
  }
}
