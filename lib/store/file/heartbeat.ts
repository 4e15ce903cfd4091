import { BoundedMap } from '../../common/bounded-map.js';
import type { LockEntry } from './lock-entry.js';

interface Look {
  id: string;
  heartbeat: number;
  lookedAt: number;
  silentForInMs: number;
}

// File names of the right to remove a lock occur once.
const mostSeen = 100;

/**
 * Measures how long the heartbeat of a lock's holder has been missing. Counts only time between two looks, by the
 * observer's own clock: the clocks of two machines differ, and a machine that slept must not take a live holder for dead.
 */
export class HeartbeatMonitor {
  readonly #seen = new BoundedMap<string, Look>(mostSeen);

  /**
   * Notes what a look at a lock has shown.
   *
   * @param countsAtMostInMs the most that one look adds, however long ago the previous look was
   * @returns how long the same heartbeat has been seen, in milliseconds
   */
  note(path: string, { id, heartbeat }: LockEntry, now: number, countsAtMostInMs: number): number {
    const before = this.#seen.get(path);
    const same = before?.id === id && before.heartbeat === heartbeat ? before : undefined;
    const passed = same === undefined ? 0 : Math.min(Math.max(0, now - same.lookedAt), countsAtMostInMs);
    const silentForInMs = (same?.silentForInMs ?? 0) + passed;
    this.#seen.set(path, { id, heartbeat, lookedAt: now, silentForInMs });
    return silentForInMs;
  }
}
