import type { EventLine } from '../dashboard-state.js';
import { element, PartList, setData, setText, type Part } from './dom.js';
import { timeOfDay } from './format.js';

const shownLines = 12;

/** The latest events, the newest first. */
export class EventList {
  readonly #lines: PartList<EventLine, Line>;
  readonly #empty = element('li', 'quiet', 'Nothing has happened yet.');

  constructor(parent: HTMLElement) {
    this.#lines = new PartList(
      parent,
      ({ number }) => String(number),
      () => new Line(),
    );
    parent.append(this.#empty);
  }

  update(events: readonly EventLine[]): void {
    this.#lines.update(events.slice(0, shownLines));
    if (events.length > 0) this.#empty.remove();
  }
}

class Line implements Part<EventLine> {
  readonly root = element('li', 'event');
  readonly #time = element('time');
  readonly #type = element('span', 'type');
  readonly #subject = element('span', 'subject');
  readonly #text = element('span', 'text');

  constructor() {
    this.root.append(this.#time, element('span', 'what', this.#subject, this.#type), this.#text);
  }

  update({ at, type, subject, severity, text, times }: EventLine): void {
    setData(this.root, 'severity', severity);
    this.#time.dateTime = at;
    setText(this.#time, timeOfDay(new Date(at)));
    setText(this.#type, times > 1 ? `${type} × ${times}` : type);
    setText(this.#subject, subject);
    setText(this.#text, text);
  }
}
