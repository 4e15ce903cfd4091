import { deferred } from './deferred.js';
import { untilAborted } from './deadline.js';

/** Lets the callers of one process have something one after the other, in the order in which they came. */
export class Turns {
  readonly #last = new Map<string, Promise<void>>();

  /**
   * Waits for one's turn.
   *
   * @param key what is to be had
   * @returns ends the turn
   * @throws the signal's reason, when it is aborted; the turn is passed on then
   */
  async take(key: string, signal: AbortSignal): Promise<() => void> {
    const before = this.#last.get(key) ?? Promise.resolve();
    const turn = deferred<void>();
    const last = before.then(() => turn.promise);
    this.#last.set(key, last);
    void last.then(() => {
      if (this.#last.get(key) === last) this.#last.delete(key);
    });
    try {
      await untilAborted(before, signal);
    } catch (error) {
      turn.resolve();
      throw error;
    }
    return () => turn.resolve();
  }
}
