import type { Timestamp } from '../common/clock.js';
import type { UserEntry } from './user-entry.js';

export interface CacheLimits {
  readonly maxUsers: number;
  readonly maxBytes: number;
}

/**
 * Entries by key, within limits of number and size. The entry that was used least lately makes room, in constant time: the
 * order of use is a list through the entries.
 */
export class UserCache {
  readonly #limits: CacheLimits;
  readonly #entries = new Map<string, UserEntry>();
  #newest: UserEntry | undefined;
  #oldest: UserEntry | undefined;
  #bytes = 0;
  #evictions = 0;

  constructor(limits: CacheLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** How many live entries made room for others. */
  get evictions(): number {
    return this.#evictions;
  }

  /** Returns an entry and notes that it is used. */
  get(key: string): UserEntry | undefined {
    const entry = this.#entries.get(key);
    if (entry !== undefined && entry !== this.#newest) {
      this.#unlink(entry);
      this.#link(entry);
    }
    return entry;
  }

  /** Adds an entry, or counts it anew after it has changed, and makes room for it. */
  put(entry: UserEntry): void {
    const known = this.#entries.get(entry.key);
    if (known !== undefined && known !== entry) this.delete(known);
    if (known === entry) this.#unlink(entry);
    else this.#entries.set(entry.key, entry);
    this.#link(entry);
    this.#bytes -= entry.countedBytes;
    entry.countedBytes = entry.bytes;
    this.#bytes += entry.countedBytes;
    const { maxUsers, maxBytes } = this.#limits;
    while (this.#oldest !== undefined && (this.size > maxUsers || this.#bytes > maxBytes)) {
      this.#evictions++;
      this.delete(this.#oldest);
    }
  }

  delete(entry: UserEntry): void {
    if (this.#entries.get(entry.key) !== entry) return;
    this.#entries.delete(entry.key);
    this.#unlink(entry);
    this.#bytes -= entry.countedBytes;
    entry.countedBytes = 0;
  }

  clear(): void {
    for (const entry of this.#entries.values()) this.delete(entry);
  }

  /**
   * Deletes entries that are over, from those that were used least lately on.
   *
   * @param from where to go on; `undefined` begins
   * @param most how many are looked at
   * @param visit is called with those that stay
   * @returns where to go on, or `undefined` at the end
   */
  sweep(
    from: UserEntry | undefined,
    { most, now, visit }: { most: number; now: Timestamp; visit: (entry: UserEntry) => void },
  ): UserEntry | undefined {
    const isThere = from !== undefined && this.#entries.get(from.key) === from;
    let entry = isThere ? from : this.#oldest;
    for (let n = 0; n < most && entry !== undefined; n++) {
      const newer: UserEntry | undefined = entry.newer;
      if (entry.isOver(now)) this.delete(entry);
      else visit(entry);
      entry = newer;
    }
    return entry;
  }

  #link(entry: UserEntry): void {
    entry.older = this.#newest;
    entry.newer = undefined;
    if (this.#newest !== undefined) this.#newest.newer = entry;
    this.#newest = entry;
    this.#oldest ??= entry;
  }

  #unlink(entry: UserEntry): void {
    const { newer, older } = entry;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    entry.newer = undefined;
    entry.older = undefined;
  }
}
