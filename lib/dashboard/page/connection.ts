import type { DashboardState } from '../dashboard-state.js';

const silenceInMs = 40_000;
const firstRetryInMs = 2_000;
const longestRetryInMs = 30_000;

export type ConnectionState = 'connecting' | 'live' | 'lost';

interface Listener {
  onState(state: DashboardState): void;
  onConnection(connection: ConnectionState): void;
}

/** Where the page is, without the slash at its end. */
export const base = location.pathname.replace(/\/+$/, '');

/** Receives the state, and connects again when the stream ends, is refused or falls silent. */
export class Connection {
  readonly #listener: Listener;
  #source: EventSource | undefined;
  #timer: number | undefined;
  #retryInMs = firstRetryInMs;

  constructor(listener: Listener) {
    this.#listener = listener;
    this.#open();
  }

  #open(): void {
    this.#source?.close();
    const source = new EventSource(`${base}/events`);
    this.#source = source;
    this.#expectWithin(silenceInMs);
    source.addEventListener('message', ({ data }: MessageEvent<string>) => {
      this.#retryInMs = firstRetryInMs;
      this.#expectWithin(silenceInMs);
      this.#listener.onConnection('live');
      this.#listener.onState(JSON.parse(data) as DashboardState);
    });
    source.addEventListener('error', () => {
      this.#listener.onConnection('lost');
      // The browser connects again by itself, unless the answer was a refusal.
      if (source.readyState !== EventSource.CLOSED) return;
      this.#expectWithin(this.#retryInMs);
      this.#retryInMs = Math.min(this.#retryInMs * 2, longestRetryInMs);
    });
  }

  #expectWithin(milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => {
      this.#listener.onConnection('lost');
      this.#open();
    }, milliseconds);
  }
}

/** Presses a button of the application. */
export async function runAction(name: string): Promise<string> {
  try {
    const response = await fetch(`${base}/actions/${encodeURIComponent(name)}`, {
      method: 'POST',
      headers: { 'x-entra-dashboard': '1' },
      signal: AbortSignal.timeout(silenceInMs),
    });
    const { message } = (await response.json()) as { message: string | string[] };
    return String(message);
  } catch (error) {
    return `The application did not answer: ${(error as Error).message}`;
  }
}
