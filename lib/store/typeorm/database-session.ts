import type { DataSource } from 'typeorm';

import { asError } from '../../common/thrown.js';
import type { Clock } from '../../common/clock.js';
import { untilAborted, withDeadline } from '../../common/deadline.js';
import { EntraTimeoutError } from '../../common/entra-auth.error.js';

/** The part of pg's client that is used. */
interface DatabaseClient {
  query(text: string, values?: unknown[]): Promise<{ rows: Record<string, unknown>[] }>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  off(event: 'error', listener: (error: Error) => void): unknown;
}

type Release = (error?: Error) => void;

interface ConnectingDriver {
  obtainMasterConnection(): Promise<[DatabaseClient, Release]>;
}

const responseTimeoutInMs = 15_000;

/**
 * One connection of a data source's pool. Bypasses TypeORM's query runner, which logs the parameters of statements, and so
 * the refresh token.
 */
export class DatabaseSession {
  readonly #client: DatabaseClient;
  readonly #release: Release;
  readonly #clock: Clock;
  #last: Promise<unknown> = Promise.resolve();
  #failure: Error | undefined;
  #unanswered = 0;
  #closed = false;

  /** @throws the signal's reason if it is aborted first; a connection that comes later goes back to the pool */
  static async open(dataSource: DataSource, clock: Clock, signal: AbortSignal): Promise<DatabaseSession> {
    const driver = dataSource.driver as unknown as ConnectingDriver;
    const connecting = driver.obtainMasterConnection();
    try {
      const [client, release] = await untilAborted(connecting, signal);
      return new DatabaseSession(client, release, clock);
    } catch (error) {
      // The caller has given up. If the connection failed, that is the error at hand.
      connecting.then(
        ([, release]) => release(),
        () => undefined,
      );
      throw error;
    }
  }

  private constructor(client: DatabaseClient, release: Release, clock: Clock) {
    this.#client = client;
    this.#release = release;
    this.#clock = clock;
    client.on('error', this.#fail);
  }

  /** Whether the connection has been lost. */
  get isLost(): boolean {
    return this.#failure !== undefined;
  }

  /** Runs statements one after the other. Gives up a connection that does not respond in time. */
  query(
    text: string,
    values: unknown[] = [],
    timeoutInMs = responseTimeoutInMs,
  ): Promise<Record<string, unknown>[]> {
    const run = async (): Promise<Record<string, unknown>[]> => {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#closed) throw new Error('The connection has been given back.');
      const { rows } = await withDeadline(this.#client.query(text, values), {
        timeoutInMs,
        clock: this.#clock,
        onTimeout: () => this.#fail(noResponse(timeoutInMs)),
      });
      return rows;
    };
    this.#unanswered++;
    const result = this.#last.then(run).finally(() => this.#unanswered--);
    this.#last = result.catch(() => undefined);
    return result;
  }

  /**
   * Returns the connection to the pool. Closes it instead if it is lost, has an open transaction or owes a response, for
   * which its next user would wait.
   */
  close(error?: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    // The pool listens to it from here on.
    const owes = this.#unanswered > 0 ? new Error('A statement has no response yet.') : undefined;
    this.#release(error ?? this.#failure ?? owes);
    this.#client.off('error', this.#fail);
  }

  readonly #fail = (error: unknown): Error => (this.#failure ??= asError(error));
}

function noResponse(timeoutInMs: number): Error {
  return new EntraTimeoutError(
    'The response of the database',
    timeoutInMs,
    'Check the database and the network to it.',
  );
}
