/** The holder of a lock, as written in the lock file. */
export interface LockHolder {
  /** Random, never reused. */
  readonly id: string;
  readonly pid: number;
  /** Name of the machine, for error messages. */
  readonly host: string;
  /** Tells machines, their boots and their containers apart; absent where this is unknown. */
  readonly place?: string;
  /** When the process was started, in the machine's own unit: process ids are reused. */
  readonly processStart?: string;
}

/** What this machine knows of a process. */
export type ProcessStatus =
  | { readonly state: 'gone' }
  | { readonly state: 'running'; readonly start: string | undefined }
  /** The machine does not show it to this process. */
  | { readonly state: 'hidden' };

/** Whether the holder of a lock is alive. For an `unknown` holder its heartbeat decides. */
export type HolderState = 'alive' | 'dead' | 'unknown';

/**
 * Judges a holder by the status of its process.
 *
 * @param observer this process
 */
export function judgeHolder(holder: LockHolder, observer: LockHolder, status: ProcessStatus): HolderState {
  if (holder.place === undefined || holder.place !== observer.place) return 'unknown';
  if (status.state === 'gone') return 'dead';
  if (status.state === 'hidden' || status.start === undefined || holder.processStart === undefined)
    return 'unknown';
  if (status.start !== holder.processStart) return 'dead';
  // This process: another of its threads holds the lock, or a release failed.
  return holder.pid === observer.pid ? 'unknown' : 'alive';
}

/** Reads the content of a lock file; `undefined` when it is incomplete. */
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
    // Incomplete, or not written by this package: the holder is unknown.
    return undefined;
  }
}
