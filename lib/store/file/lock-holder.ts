/** Who holds a lock, as the lock file says it. */
export interface LockHolder {
  /** Random; never used again. */
  readonly id: string;
  readonly pid: number;
  /** Name of the machine, for people. */
  readonly host: string;
  /** Tells machines, their starts and their containers apart; absent where that cannot be told. */
  readonly place?: string;
  /** When the process was started, in whatever unit the machine counts: process ids are used again. */
  readonly processStart?: string;
}

/** What this machine knows of a process. */
export type ProcessStatus =
  | { readonly state: 'gone' }
  | { readonly state: 'running'; readonly start: string | undefined }
  /** The machine does not let this process see it. */
  | { readonly state: 'hidden' };

/** Whether the holder of a lock still lives. Of `unknown` ones only the age of their last sign of life can tell. */
export type HolderState = 'alive' | 'dead' | 'unknown';

/**
 * Judges a holder by what can be seen from here.
 *
 * @param observer the process that asks
 */
export function judgeHolder(holder: LockHolder, observer: LockHolder, status: ProcessStatus): HolderState {
  if (holder.place === undefined || holder.place !== observer.place) return 'unknown';
  if (status.state === 'gone') return 'dead';
  if (status.state === 'hidden' || status.start === undefined || holder.processStart === undefined)
    return 'unknown';
  if (status.start !== holder.processStart) return 'dead';
  // This very process: another of its threads may hold it, or it was left behind by a failed release.
  return holder.pid === observer.pid ? 'unknown' : 'alive';
}

/** Reads the content of a lock file; `undefined` when it is not whole. */
export function parseHolder(text: string): LockHolder | undefined {
  try {
    const { id, pid, host, place, processStart } = JSON.parse(text) as Record<string, unknown>;
    if (typeof id !== 'string' || !/^[0-9a-f]{16}$/.test(id)) return undefined;
    if (!Number.isSafeInteger(pid) || (pid as number) < 1 || typeof host !== 'string') return undefined;
    return {
      id,
      pid: pid as number,
      host,
      place: typeof place === 'string' ? place : undefined,
      processStart: typeof processStart === 'string' ? processStart : undefined,
    };
  } catch {
    // Half written, or not ours: whoever made it is unknown.
    return undefined;
  }
}
