/** Does one thing after another. */
export class SerialQueue {
  #last: Promise<unknown> = Promise.resolve();

  /** Begins when everything that was added before has ended, well or not. */
  add<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work);
    this.#last = mine.catch(() => undefined);
    return mine;
  }

  /** When everything that has been added so far has ended. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
