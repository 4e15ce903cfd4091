import type { FileHandle } from 'node:fs/promises';

import { unref, type Clock, type TimerHandle } from '../../common/clock.js';
import { createEntry, readEntry, removeEntry, type LeftBehind, type LockEntry } from './lock-entry.js';
import { judgeHolder, type LockHolder } from './lock-holder.js';
import { lookAt, thisProcess } from './process-sight.js';
import type { Silence } from './silence.js';

const shortestPollInMs = 5;
const longestPollInMs = 200;
const pulsesBeforeStale = 5;

// Locks of this process that could not be removed, because their volume was gone for example. They may come back.
const givenUp = new Set<string>();
const mostGivenUp = 100;

export interface FileLockOptions {
  path: string;
  clock: Clock;
  /** How long a holder that cannot be looked up may be silent. */
  staleAfterInMs: number;
  /** Outlasts the attempts: each of them may be shorter than that. */
  silence: Silence;
  /** Is told who is in the way. */
  onHolder?: (holder: LockHolder | undefined) => void;
}

/**
 * A lock that processes share through a file. A holder that has died on this machine loses it at once; one that cannot
 * be looked up, because it is on another machine or in another container, after a time without a sign of life.
 */
export class FileLock {
  readonly #options: FileLockOptions;
  readonly #self: LockHolder;
  readonly #handle: FileHandle;
  readonly #leftBehind: LeftBehind;
  #timer: TimerHandle;
  #pulsing: Promise<void> = Promise.resolve();
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
    this.#planPulse();
  }

  /** Of this holding of it. */
  get id(): string {
    return this.#self.id;
  }

  /** Whether it still is this holder's: it is not after a long standstill in which others took it for dead. */
  async isHeld(): Promise<boolean> {
    return !this.#released && (await readEntry(this.#options.path))?.id === this.#self.id;
  }

  /** Lets go. Never fails: what cannot be removed is silent from now on, and so will be removed by others. */
  async release(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    this.#options.clock.clearTimeout(this.#timer);
    await this.#pulsing;
    const { path } = this.#options;
    const gone = await removeEntry(path, this.id, this.#self, this.#leftBehind).catch(() => false);
    if (!gone) noteGivenUp(this.id);
    await this.#handle.close().catch(() => undefined);
  }

  #planPulse(): void {
    const { clock, staleAfterInMs } = this.#options;
    this.#timer = clock.setTimeout(() => {
      this.#pulsing = this.#pulse();
    }, staleAfterInMs / pulsesBeforeStale);
    unref(this.#timer);
  }

  // Through the open file, so that it can never be another's lock that gets the sign of life.
  async #pulse(): Promise<void> {
    const now = new Date();
    // A failed one is followed by more; if they all fail, `isHeld` tells before anything is written.
    await this.#handle.utimes(now, now).catch(() => undefined);
    if (!this.#released) this.#planPulse();
  }
}

function noteGivenUp(id: string): void {
  givenUp.add(id);
  const [oldest] = givenUp;
  if (givenUp.size > mostGivenUp && oldest !== undefined) givenUp.delete(oldest);
}

function judgeWith({ clock, staleAfterInMs, silence }: FileLockOptions, self: LockHolder): LeftBehind {
  return async (path: string, entry: LockEntry): Promise<boolean> => {
    const { id, holder } = entry;
    if (givenUp.has(id)) return true;
    const silentForInMs = silence.note(path, entry, clock.now(), 2 * longestPollInMs);
    const state = holder === undefined ? 'unknown' : judgeHolder(holder, self, await lookAt(holder.pid));
    return state === 'dead' || (state === 'unknown' && silentForInMs >= staleAfterInMs);
  };
}

/** Doubles up to a limit, and is never the same for two who wait. */
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
