/**
 * Tells the connections of a pool that may go on from those that are to be retired. Retiring starts a new generation;
 * a connection of an older one finishes what it is doing and gets no new work.
 */
export class ConnectionGenerations {
  readonly #bornIn = new WeakMap<object, number>();
  #current = 0;

  add(connection: object): void {
    this.#bornIn.set(connection, this.#current);
  }

  isRetired(connection: object): boolean {
    return (this.#bornIn.get(connection) ?? this.#current) < this.#current;
  }

  /** Retires one connection, whatever its generation. */
  retire(connection: object): void {
    this.#bornIn.set(connection, -1);
  }

  retireAll(): void {
    this.#current++;
  }
}
