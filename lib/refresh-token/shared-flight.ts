import { untilAborted } from '../common/deadline.js';
import type { AbortSignalLike } from '../entra/token-credential.js';

/** A request under way that several callers wait for, each as long as it likes. */
export class SharedFlight<T> {
  readonly #landing: Promise<T>;
  #waiting = 0;

  /** @param unclaimed takes a result that nobody waits for any more */
  constructor(landing: Promise<T>, unclaimed: (result: T) => void) {
    this.#landing = landing;
    // Its failure is that of whoever waits.
    landing.then(
      (result) => (this.#waiting === 0 ? unclaimed(result) : undefined),
      () => undefined,
    );
  }

  async wait(signal: AbortSignalLike | undefined): Promise<T> {
    this.#waiting++;
    try {
      return await untilAborted(this.#landing, signal);
    } finally {
      this.#waiting--;
    }
  }
}
