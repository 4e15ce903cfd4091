import type { FileHandle } from 'node:fs/promises';

import { BoundedMap } from '../../common/bounded-map.js';
import { unref, type Clock, type TimerHandle } from '../../common/clock.js';
import type { HeartbeatMonitor } from './heartbeat.js';
import { createEntry, readEntry, removeEntry, type LeftBehind, type LockEntry } from './lock-entry.js';
import { judgeHolder, type LockHolder } from './lock-holder.js';
import { processStatus, thisProcess } from './process-status.js';

const shortestPollInMs = 5;
const longestPollInMs = 200;
const heartbeatsBeforeStale = 5;

// Locks of this process that could not be removed, for example while their volume was gone. They may reappear.
const givenUp = new BoundedMap<string, true>(100);

export interface FileLockOptions {
  path: string;
  clock: Clock;
  /** How long the heartbeat of a holder that cannot be looked up may be missing. */
  staleAfterInMs: number;
  /** Outlives the attempts, each of which may be shorter than `staleAfterInMs`. */
  heartbeats: HeartbeatMonitor;
  /** Is told who holds the lock. */
  onHolder?: (holder: LockHolder | undefined) => void;
}

/**
 * A lock that processes share through a file. A holder that died on this machine loses it at once. A holder that cannot
 * be looked up, on another machine or in another container, loses it after a time without a heartbeat.
 */
export class FileLock {
  readonly #options: FileLockOptions;
  readonly #self: LockHolder;
  readonly #handle: FileHandle;
  readonly #leftBehind: LeftBehind;
  #timer: TimerHandle;
  #beating: Promise<void> = Promise.resolve();
  #released = false;

  /** @throws the signal's reason, when it is aborted before the lock is free */
  static async acquire(options: FileLockOptions, signal: AbortSignal): Promise<FileLock> {
    const { path, clock, onHolder } = options;
    const self = await thisProcess();
    const leftBehind = judgeWith(options, self);
    for (let attempt = 0; ; attempt++) {
      signal.throwIfAborted();
      const entry = await readEntry(path);
      if (entry === undefined) {
        const handle = await createEntry(path, self);
        if (handle !== undefined) return new FileLock(options, self, handle, leftBehind);
      } else {
        onHolder?.(entry.holder);
        if ((await leftBehind(path, entry)) && (await removeEntry(path, entry.id, self, leftBehind)))
          continue;
      }
      await pause(pollDelay(attempt, clock.random()), clock, signal);
    }
  }

  private constructor(
    options: FileLockOptions,
    self: LockHolder,
    handle: FileHandle,
    leftBehind: LeftBehind,
  ) {
    this.#options = options;
    this.#self = self;
    this.#handle = handle;
    this.#leftBehind = leftBehind;
    this.#planHeartbeat();
  }

  /** Identifies this acquisition. */
  get id(): string {
    return this.#self.id;
  }

  /** Whether this holder still has the lock: after a long standstill another process may have taken it. */
  async isHeld(): Promise<boolean> {
    return !this.#released && (await readEntry(this.#options.path))?.id === this.#self.id;
  }

  /** Releases the lock. Never rejects: if the file cannot be removed its heartbeat stops and others treat it as stale. */
  async release(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    this.#options.clock.clearTimeout(this.#timer);
    await this.#beating;
    const { path } = this.#options;
    const gone = await removeEntry(path, this.id, this.#self, this.#leftBehind).catch(() => false);
    if (!gone) givenUp.set(this.id, true);
    await this.#handle.close().catch(() => undefined);
  }

  #planHeartbeat(): void {
    const { clock, staleAfterInMs } = this.#options;
    this.#timer = clock.setTimeout(() => {
      this.#beating = this.#beat();
    }, staleAfterInMs / heartbeatsBeforeStale);
    unref(this.#timer);
  }

  // Through the open file: the path may lead to another holder's lock by now.
  async #beat(): Promise<void> {
    const now = new Date();
    // If every heartbeat fails, `isHeld` finds out before anything is written.
    await this.#handle.utimes(now, now).catch(() => undefined);
    if (!this.#released) this.#planHeartbeat();
  }
}

function judgeWith({ clock, staleAfterInMs, heartbeats }: FileLockOptions, self: LockHolder): LeftBehind {
  return async (path: string, entry: LockEntry): Promise<boolean> => {
    const { id, holder } = entry;
    if (givenUp.has(id)) return true;
    const silentForInMs = heartbeats.note(path, entry, clock.now(), 2 * longestPollInMs);
    const state =
      holder === undefined ? 'unknown' : judgeHolder(holder, self, await processStatus(holder.pid));
    return state === 'dead' || (state === 'unknown' && silentForInMs >= staleAfterInMs);
  };
}

/** Doubles up to a limit, with jitter. */
export function pollDelay(attempt: number, random: number): number {
  const full = Math.min(shortestPollInMs * 2 ** attempt, longestPollInMs);
  return full * (0.5 + random / 2);
}

function pause(delayInMs: number, clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clock.clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = clock.setTimeout(end, delayInMs);
    signal.addEventListener('abort', end);
  });
}
