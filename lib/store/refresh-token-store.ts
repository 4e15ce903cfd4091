import type { Timestamp } from '../common/clock.js';

/**
 * Keeps a refresh token between two redemptions. Each redemption returns a successor, which must be stored before anything
 * else happens: without it the user must sign in again.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/refresh-tokens
 */
export interface RefreshTokenStore {
  /**
   * Identifies the place, such as the path of a file. An `EncryptedRefreshTokenStore` without a `name` binds its records to
   * it, so that the records of two users cannot be exchanged.
   */
  readonly identity?: string;

  /**
   * Returns what is stored; `undefined` when nothing is stored yet.
   *
   * @throws {RefreshTokenUnreadableError} when it is damaged, or encrypted with a missing key
   * @throws {RefreshTokenStoreError} when it cannot be read
   */
  load(): Promise<RefreshTokenSnapshot | undefined>;

  /**
   * Replaces what is stored if it still has the expected version.
   *
   * @param expectedVersion `version` of the snapshot that the value follows on; `undefined` when nothing was stored
   * @throws {RefreshTokenConflictError} when another caller has saved since; nothing was changed
   * @throws {RefreshTokenUnreadableError} when what is stored cannot be read; it is never overwritten
   * @throws {RefreshTokenStoreError} when it cannot be written. What was stored before is unchanged, unless a connection was
   *   lost before the response arrived. Saving the same value again is safe: it succeeds or is a conflict.
   */
  save(value: StoredRefreshToken, expectedVersion: string | undefined): Promise<RefreshTokenSnapshot>;

  /**
   * Runs `work` under the lock of the store, which excludes other work in this process and in others. `work` must use the
   * access that it is handed, not the store itself. The lock of a process that dies is released.
   *
   * @throws {RefreshTokenStoreError} when the lock was not acquired within `timeoutInMs`; `work` has not begun
   */
  exclusive<T>(work: (access: RefreshTokenAccess) => Promise<T>, options?: ExclusiveOptions): Promise<T>;
}

/** Reading and writing under the lock of `exclusive`. A `save` that has resolved is durable. */
export type RefreshTokenAccess = Pick<RefreshTokenStore, 'load' | 'save'>;

/** How to wait for the lock of a store. */
export interface ExclusiveOptions {
  /**
   * How long to wait for the lock, in milliseconds.
   *
   * @default 30000
   */
  timeoutInMs?: number;
}

/** What is stored, with its version. */
export interface RefreshTokenSnapshot {
  /** What is stored. */
  readonly value: StoredRefreshToken;
  /** Opaque. Changes with every `save`. */
  readonly version: string;
}

/** A grant. Secret, except for its times. */
export interface StoredRefreshToken {
  /** The refresh token itself. A secret: never log it. */
  readonly refreshToken: string;
  /** When the refresh token was obtained or stored by an operator. Its 90 days begin then. */
  readonly obtainedOnTimestamp: Timestamp;
  /**
   * Access tokens obtained with it, by what was requested, so that replicas share one redemption.
   */
  readonly accessTokens?: Readonly<Record<string, SharedAccessToken>>;
  /** Whose grant it is. A token of another user is refused. Default: not known */
  readonly user?: StoredUser;
}

/** A user, as the sign-in named it. */
export interface StoredUser {
  /** `oid` */
  readonly objectId: string;
  /** `tid` */
  readonly tenantId?: string;
}

/** An access token that every user of the store may use. */
export interface SharedAccessToken {
  readonly token: string;
  readonly acquiredOnTimestamp: Timestamp;
  readonly expiresOnTimestamp: Timestamp;
  readonly refreshAfterTimestamp?: Timestamp;
}
