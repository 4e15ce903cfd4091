interface Event {
  at: number;
  order: number;
}

/** A binary heap of events: the earliest comes first, and among equals the one with the lowest order. */
export class EventHeap<T extends Event> {
  #events: T[] = [];

  get first(): T | undefined {
    return this.#events[0];
  }

  push(event: T): void {
    const events = this.#events;
    let hole = events.length;
    events.push(event);
    while (hole > 0) {
      const parentIndex = (hole - 1) >> 1;
      const parent = events[parentIndex];
      if (parent === undefined || !isBefore(event, parent)) break;
      events[hole] = parent;
      hole = parentIndex;
    }
    events[hole] = event;
  }

  pop(): T | undefined {
    const events = this.#events;
    const first = events[0];
    const last = events.pop();
    if (last === undefined || events.length === 0) return first;
    let hole = 0;
    for (;;) {
      const child = this.#earlierChild(hole);
      const event = events[child];
      if (event === undefined || !isBefore(event, last)) break;
      events[hole] = event;
      hole = child;
    }
    events[hole] = last;
    return first;
  }

  clear(): void {
    this.#events = [];
  }

  #earlierChild(parent: number): number {
    const left = 2 * parent + 1;
    const [one, other] = [this.#events[left], this.#events[left + 1]];
    return one !== undefined && other !== undefined && isBefore(other, one) ? left + 1 : left;
  }
}

function isBefore(one: Event, other: Event): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}
