import { unref, type Clock, type TimerHandle, type Timestamp } from '../common/clock.js';

const heartbeatInMs = 15_000;
/** After this a watcher must ask again, and so pass the guard again. */
const longestWatchInMs = 600_000;
const slowestReadInMs = 5_000;
const firstLine = 'retry: 2000\n\n';

/** What is used of the response to a watcher; `node:http` and `node:http2` have it. */
export interface EventStream {
  write(chunk: string, written: () => void): unknown;
  end(): unknown;
  destroy(): unknown;
  once(event: 'close' | 'error', listener: () => void): unknown;
}

interface Watcher {
  stream: EventStream;
  since: Timestamp;
  /** When the message that has not reached the network yet was given to the stream. */
  waitingSince: Timestamp | undefined;
  sentAt: Timestamp;
}

/**
 * The open streams of server-sent events, so many at most. Each message holds all that there is to know, so a watcher
 * that has not read the last one misses the next; one that reads nothing for five seconds is dropped.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export class Watchers {
  readonly #watchers = new Set<Watcher>();
  readonly #most: number;
  readonly #clock: Clock;
  #timer: TimerHandle;

  constructor(most: number, clock: Clock) {
    this.#most = most;
    this.#clock = clock;
  }

  get size(): number {
    return this.#watchers.size;
  }

  get isFull(): boolean {
    return this.#watchers.size >= this.#most;
  }

  /** Adds a stream whose head has been written, and sends it a first message. */
  add(stream: EventStream, message: string): void {
    const now = this.#clock.now();
    const watcher: Watcher = { stream, since: now, waitingSince: undefined, sentAt: now };
    this.#watchers.add(watcher);
    const forget = (): void => this.#forget(watcher);
    stream.once('close', forget);
    stream.once('error', forget);
    this.#write(watcher, `${firstLine}${eventOf(message)}`);
    this.#watch();
  }

  send(message: string): void {
    const text = eventOf(message);
    for (const watcher of this.#watchers) if (watcher.waitingSince === undefined) this.#write(watcher, text);
  }

  /** Ends every stream. */
  close(): void {
    for (const watcher of this.#watchers) {
      this.#forget(watcher);
      if (watcher.waitingSince === undefined) watcher.stream.end();
      else watcher.stream.destroy();
    }
  }

  #write(watcher: Watcher, text: string): void {
    const now = this.#clock.now();
    watcher.waitingSince = now;
    watcher.sentAt = now;
    watcher.stream.write(text, () => (watcher.waitingSince = undefined));
  }

  #forget(watcher: Watcher): void {
    this.#watchers.delete(watcher);
    if (this.#watchers.size > 0) return;
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #watch(): void {
    if (this.#timer !== undefined) return;
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = undefined;
      for (const watcher of this.#watchers) this.#check(watcher);
      if (this.#watchers.size > 0) this.#watch();
    }, 1_000);
    unref(this.#timer);
  }

  #check(watcher: Watcher): void {
    const now = this.#clock.now();
    const { stream, since, waitingSince, sentAt } = watcher;
    if (waitingSince !== undefined) {
      if (now - waitingSince < slowestReadInMs) return;
      this.#forget(watcher);
      stream.destroy();
    } else if (now - since >= longestWatchInMs) {
      this.#forget(watcher);
      stream.end();
    } else if (now - sentAt >= heartbeatInMs) {
      // Intermediaries close a connection on which nothing is sent.
      this.#write(watcher, ':\n\n');
    }
  }
}

function eventOf(message: string): string {
  return `data: ${message}\n\n`;
}
