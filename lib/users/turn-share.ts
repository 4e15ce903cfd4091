/**
 * Lets so much begin in one turn of the event loop. What comes with a burst would hold up everything else otherwise, however
 * short each piece is.
 */
export class TurnShare {
  readonly #most: number;
  readonly #onNextTurn: () => void;
  #taken = 0;

  /** @param onNextTurn is called in the turn after one in which something began */
  constructor(most: number, onNextTurn: () => void) {
    this.#most = most;
    this.#onNextTurn = onNextTurn;
  }

  /** Whether one more may begin in this turn. */
  get isLeft(): boolean {
    return this.#taken < this.#most;
  }

  /** Counts one that begins. */
  take(): void {
    if (this.#taken++ === 0) setImmediate(this.#renew);
  }

  readonly #renew = (): void => {
    this.#taken = 0;
    this.#onNextTurn();
  };
}
