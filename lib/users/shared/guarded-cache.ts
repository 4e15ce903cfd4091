import type { Clock, TimerHandle, Timestamp } from '../../common/clock.js';
import { CommonTimer } from '../../common/common-timer.js';
import { EntraShutDownError, EntraTimeoutError } from '../../common/entra-auth.error.js';
import type {
  LeaseRequest,
  PutRequest,
  SharedRecord,
  SharedTokenCache,
} from '../../store/shared-token-cache.js';
import { Circuit } from './circuit.js';
import { SharedCacheError } from './shared-cache.error.js';
import type { SharedCacheLog } from './shared-cache-log.js';

/** A cache with its limits. */
export interface GuardedCacheSettings {
  readonly store: SharedTokenCache;
  readonly timeoutInMs: number;
  readonly clock: Clock;
}

type Send<T> = (timeoutInMs: number) => Promise<T>;

const nothing: SharedRecord = { record: undefined, isLeased: false };

// Replies that came while the event loop was held up are read before a command counts as late.
const graceInMs = 25;

// A crowd of commands has its replies one after the other: while they come, the last ones may take longer.
const mostExtensions = 4;

/**
 * The shared cache, with a deadline for each command and a pause after a failure. Serving never rejects: what fails is as if
 * nothing were stored. After a pause of reading, a probe goes ahead in the background: no caller waits for a cache that hangs.
 */
export class GuardedCache {
  readonly #store: SharedTokenCache;
  readonly #timeoutInMs: number;
  readonly #clock: Clock;
  readonly #log: SharedCacheLog;
  readonly #reads: Circuit;
  /** A cache that is full can still be read. */
  readonly #writes: Circuit;
  readonly #firstWait: CommonTimer;
  /** Records that are being stored, and their owners. */
  readonly #putting = new Map<Promise<unknown>, string | undefined>();
  #failures = 0;
  #repliedAt: Timestamp = -Infinity;
  #isStopped = false;

  constructor({ store, timeoutInMs, clock }: GuardedCacheSettings, log: SharedCacheLog) {
    this.#store = store;
    this.#timeoutInMs = timeoutInMs;
    this.#clock = clock;
    this.#log = log;
    this.#reads = new Circuit(clock);
    this.#writes = new Circuit(clock);
    this.#firstWait = new CommonTimer(clock, Math.max(0, timeoutInMs - graceInMs));
  }

  /** Commands that failed. */
  get failures(): number {
    return this.#failures;
  }

  get isPaused(): boolean {
    return !this.#reads.isClosed || !this.#writes.isClosed;
  }

  /** Sends no more commands. */
  stop(): void {
    this.#isStopped = true;
    this.#firstWait.stop();
  }

  read(name: string): Promise<SharedRecord> {
    const isClosed = this.#reads.isClosed;
    if (!isClosed && !this.#reads.mayProbe()) return Promise.resolve(nothing);
    const read = this.#command(this.#reads, nothing, (timeoutInMs) => this.#store.read(name, timeoutInMs));
    return isClosed ? read : Promise.resolve(nothing);
  }

  /** @returns `'unknown'` when the cache does not tell */
  lease(name: string, request: LeaseRequest): Promise<'taken' | 'unknown' | SharedRecord> {
    if (this.isPaused) return Promise.resolve('unknown');
    return this.#command<'taken' | 'unknown' | SharedRecord>(this.#writes, 'unknown', (timeoutInMs) =>
      this.#store.lease(name, request, timeoutInMs),
    );
  }

  async put(name: string, request: PutRequest): Promise<void> {
    if (!this.#reads.isClosed || (!this.#writes.isClosed && !this.#writes.mayProbe())) return;
    const putting = this.#command(this.#writes, false, (timeoutInMs) =>
      this.#store.put(name, request, timeoutInMs),
    );
    this.#putting.set(putting, request.owner);
    await putting;
    this.#putting.delete(putting);
  }

  async release(name: string, holder: string): Promise<void> {
    if (this.isPaused) return;
    await this.#command(this.#writes, undefined, (timeoutInMs) =>
      this.#store.release(name, holder, timeoutInMs),
    );
  }

  /**
   * Deletes the records of an owner, also during a pause: the caller has to know whether they are gone.
   *
   * @throws {SharedCacheError} when it fails
   */
  async deleteOwned(owner: string): Promise<number> {
    // Sent before, it may arrive after the deletion.
    for (const [putting, of] of this.#putting) if (of === owner) await putting;
    return new Promise((resolve, reject) => {
      const fail = (error: unknown): void => reject(new SharedCacheError(this.#store.description, error));
      this.#send(this.#writes, (timeoutInMs) => this.#store.deleteOwned(owner, timeoutInMs), resolve, fail);
    });
  }

  #command<T>(circuit: Circuit, fallback: T, send: Send<T>): Promise<T> {
    return new Promise((resolve) => this.#send(circuit, send, resolve, () => resolve(fallback)));
  }

  /** Notes what becomes of a command, and calls back: a caller waits for each, so there is one promise and no more. */
  #send<T>(circuit: Circuit, send: Send<T>, done: (reply: T) => void, fail: (error: unknown) => void): void {
    if (this.#isStopped) return fail(new EntraShutDownError());
    let isOver = false;
    const failed = (error: unknown): void => {
      if (isOver) return;
      isOver = true;
      disarm();
      fail(error);
      // The application may have closed its client by now.
      if (!this.#isStopped) this.#failed(circuit, error);
    };
    const disarm = this.#arm(failed);
    const replied = (reply: T): void => {
      if (isOver) return;
      isOver = true;
      disarm();
      this.#repliedAt = this.#clock.now();
      if (circuit.succeeded() && !this.isPaused) this.#log.recovered();
      done(reply);
    };
    try {
      send(this.#timeoutInMs).then(replied, failed).catch(fail);
    } catch (error) {
      failed(error);
    }
  }

  #failed(circuit: Circuit, error: unknown): void {
    this.#failures++;
    if (circuit.isClosed && error instanceof EntraTimeoutError && this.#repliesStill) return;
    circuit.failed();
    this.#log.failed(error);
  }

  /** Whether other commands have their replies: a crowd, or a machine that is short of time, is not an outage. */
  get #repliesStill(): boolean {
    return Math.abs(this.#clock.now() - this.#repliedAt) < this.#timeoutInMs;
  }

  /** Begins to wait for a reply. @returns what ends the wait */
  #arm(failed: (error: unknown) => void): () => void {
    let extensions = mostExtensions;
    let timer: TimerHandle;
    const late = (): void => {
      if (!this.#repliesStill || extensions-- === 0) {
        return failed(new EntraTimeoutError('A command', this.#timeoutInMs, 'Check the server.'));
      }
      timer = this.#clock.setTimeout(late, this.#timeoutInMs);
    };
    const first = this.#firstWait.setTimeout(() => {
      timer = this.#clock.setTimeout(late, graceInMs);
    });
    return () => {
      this.#firstWait.clearTimeout(first);
      this.#clock.clearTimeout(timer);
    };
  }
}
