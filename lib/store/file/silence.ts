import { BoundedMap } from '../../common/bounded-map.js';
import type { LockEntry } from './lock-entry.js';

// Names of rights to remove a lock occur once.
const mostSeen = 100;

/**
 * Measures for how long a holder has shown no sign of life. It counts only time in which somebody looked, by the
 * observer's own clock: clocks of two machines differ, and a machine that slept must take nobody for dead.
 */
export class Silence {
  readonly #seen = new BoundedMap<
    string,
    { id: string; pulse: number; lookedAt: number; silentForInMs: number }
  >(mostSeen);

  /**
   * Notes what a look at a lock has shown.
   *
   * @param countsAtMostInMs the most that one look can add, however long ago the one before was
   * @returns for how long the same pulse has been seen, in milliseconds
   */
  note(path: string, { id, pulse }: LockEntry, now: number, countsAtMostInMs: number): number {
    const before = this.#seen.get(path);
    const same = before?.id === id && before.pulse === pulse ? before : undefined;
    const passed = same === undefined ? 0 : Math.min(Math.max(0, now - same.lookedAt), countsAtMostInMs);
    const silentForInMs = (same?.silentForInMs ?? 0) + passed;
    this.#seen.set(path, { id, pulse, lookedAt: now, silentForInMs });
    return silentForInMs;
  }
}
