// An array whose first items are taken one by one moves all others each time: they go together, now and then.
const takenAtMost = 1_000;

/** First in, first out. */
export class Fifo<T> {
  #items: T[] = [];
  #taken = 0;

  get length(): number {
    return this.#items.length - this.#taken;
  }

  add(item: T): void {
    this.#items.push(item);
  }

  /** Takes the first away. */
  take(): T | undefined {
    const item = this.#items[this.#taken];
    if (item === undefined) return undefined;
    this.#taken++;
    if (this.#taken >= takenAtMost || this.length === 0) {
      this.#items = this.#items.slice(this.#taken);
      this.#taken = 0;
    }
    return item;
  }

  /** Takes all away. */
  clear(): readonly T[] {
    const items = this.#items.slice(this.#taken);
    this.#items = [];
    this.#taken = 0;
    return items;
  }
}
