import type { Timestamp } from '../common/clock.js';
import type { UserEntry } from './user-entry.js';

export interface CacheLimits {
  readonly maxUsers: number;
  readonly maxBytes: number;
}

// So many used entries are passed over to make room for one: a bound, where every entry is in use.
const mostChances = 8;

/**
 * Entries by key, within limits of number and size, in a list through the entries. The oldest that was not used since it was
 * put there makes room; one that was used goes to the end of the list once more. So a use writes to its own entry alone: to
 * move it in the list at each use would touch three others, which the processor has to fetch from memory.
 *
 * @see https://en.wikipedia.org/wiki/Page_replacement_algorithm#Second-chance
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
    if (entry?.isUsed === false) entry.isUsed = true;
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
    this.#makeRoom();
  }

  delete(entry: UserEntry): void {
    if (this.#entries.get(entry.key) !== entry) return;
    this.#entries.delete(entry.key);
    this.#unlink(entry);
    this.#bytes -= entry.countedBytes;
    entry.countedBytes = 0;
    entry.dropped();
  }

  /** Deletes and empties what is held of a person. @returns how many entries there were */
  forget(person: string): number {
    let forgotten = 0;
    for (const entry of this.#entries.values()) {
      if (entry.person !== person) continue;
      this.delete(entry);
      entry.clear();
      forgotten++;
    }
    return forgotten;
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

  #makeRoom(): void {
    const { maxUsers, maxBytes } = this.#limits;
    let chances = mostChances;
    while (this.#oldest !== undefined && (this.size > maxUsers || this.#bytes > maxBytes)) {
      const oldest = this.#oldest;
      if (oldest.isUsed && oldest !== this.#newest && chances-- > 0) {
        this.#unlink(oldest);
        this.#link(oldest);
        continue;
      }
      this.#evictions++;
      this.delete(oldest);
      chances = mostChances;
    }
  }

  #link(entry: UserEntry): void {
    entry.older = this.#newest;
    entry.newer = undefined;
    entry.isUsed = false;
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
