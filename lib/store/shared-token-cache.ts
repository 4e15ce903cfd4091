/** How many bytes at the beginning of a record are its version: no two records begin alike. */
export const versionLength = 16;

/** What is stored under a name. */
export interface SharedRecord {
  /** `undefined` when there is none, or it has expired. */
  readonly record: Uint8Array | undefined;
  /** Whether a replica holds the lease: it is about to put the next record. */
  readonly isLeased: boolean;
}

/** A lease that is asked for. */
export interface LeaseRequest {
  /** A random text that names the holder. */
  readonly holder: string;
  /** After this time the lease is free again, in milliseconds. */
  readonly forMs: number;
  /** Version of the record that the holder wants to replace; `undefined` when it knows of none. */
  readonly replaces: Uint8Array | undefined;
}

/** A record to store. */
export interface PutRequest {
  /** What is kept. */
  readonly record: Uint8Array;
  /** After this time the record is gone, in milliseconds. */
  readonly expiresInMs: number;
  /** Version of the record that this one may replace. It may always replace none. */
  readonly replaces: Uint8Array | undefined;
  /** Whose lease ends with it. */
  readonly holder: string | undefined;
  /** Stands for the user, as a keyed hash: `deleteOwned` finds the record by it. `undefined`: it is found by its name alone. */
  readonly owner: string | undefined;
}

/**
 * Keeps records that replicas share, by name. Records are encrypted, and names are keyed hashes: an implementation sees no
 * token and no user. Every method may reject: callers go on without it, and ask no more for a while.
 */
export interface SharedTokenCache {
  /** What it is, for log lines: `Redis`. */
  readonly description: string;

  /**
   * Returns the record of a name, and whether a replica holds its lease.
   *
   * @param timeoutInMs after this time the caller waits no longer
   */
  read(name: string, timeoutInMs: number): Promise<SharedRecord>;

  /**
   * Takes the lease of a name, unless it is held, or another record than the one to replace is stored: that one is what
   * the caller would have fetched. Both are decided in one step, or two replicas would fetch.
   *
   * @returns `'taken'` when the caller has the lease, and what is stored otherwise
   */
  lease(name: string, request: LeaseRequest, timeoutInMs: number): Promise<'taken' | SharedRecord>;

  /**
   * Stores a record, unless another one than that which it replaces is stored, and ends the lease of the holder.
   *
   * @returns whether it was stored
   */
  put(name: string, request: PutRequest, timeoutInMs: number): Promise<boolean>;

  /** Ends a lease before its time, if the holder still has it. */
  release(name: string, holder: string, timeoutInMs: number): Promise<void>;

  /**
   * Deletes every record that was put for an owner.
   *
   * @returns how many there were
   */
  deleteOwned(owner: string, timeoutInMs: number): Promise<number>;
}

/** Version of a record. */
export function versionOf(record: Uint8Array): Uint8Array {
  return record.subarray(0, versionLength);
}
