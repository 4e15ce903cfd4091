/**
 * Where a refresh token lives between two uses. Whoever redeems it receives its successor, which must be stored before
 * anything else happens: a lost refresh token means that a person has to sign in again.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/refresh-tokens
 */
export interface RefreshTokenStore {
  /**
   * Tells the place from others of its kind, such as the path of a file. An `EncryptedRefreshTokenStore` without a `name`
   * binds its records to it, so that the records of two people cannot be exchanged.
   */
  readonly identity?: string;

  /**
   * What is stored, or `undefined` when nothing has been stored yet.
   *
   * @throws {RefreshTokenUnreadableError} when it is damaged, or encrypted with a key that is not at hand
   * @throws {RefreshTokenStoreError} when it cannot be read
   */
  load(): Promise<RefreshTokenSnapshot | undefined>;

  /**
   * Replaces what is stored, provided that it is still the version that the caller has seen.
   *
   * @param expectedVersion `version` of the snapshot that the value follows on; `undefined` when nothing was stored
   * @throws {RefreshTokenConflictError} when somebody else has stored something since; nothing was changed
   * @throws {RefreshTokenUnreadableError} when what is stored cannot be read; it is never overwritten
   * @throws {RefreshTokenStoreError} when it cannot be written; what was stored before is still there, unless a connection
   *   was lost before the answer came. Saving the same value once more is safe: it is stored, or a conflict.
   */
  save(value: StoredRefreshToken, expectedVersion: string | undefined): Promise<RefreshTokenSnapshot>;

  /**
   * Runs `work` while nobody else who uses the same store can be in theirs, in this process or another. `work` must use
   * the access that it is handed, not the store itself. A holder that dies lets go.
   *
   * @throws {RefreshTokenStoreError} when the store cannot be had within `timeoutInMs`; `work` has not begun then
   */
  exclusive<T>(work: (access: RefreshTokenAccess) => Promise<T>, options?: ExclusiveOptions): Promise<T>;
}

/** Reading and writing, as `exclusive` hands it to its work. What `save` has resolved for is stored for good. */
export type RefreshTokenAccess = Pick<RefreshTokenStore, 'load' | 'save'>;

/** How to wait for one's turn with a store. */
export interface ExclusiveOptions {
  /**
   * How long to wait for the others, in milliseconds.
   *
   * @default 30000
   */
  timeoutInMs?: number;
}

/** What is stored, together with what tells it from its predecessors. */
export interface RefreshTokenSnapshot {
  readonly value: StoredRefreshToken;
  /** Opaque; different after every `save`. */
  readonly version: string;
}

/** What is known of one grant. Secret, but for the times. */
export interface StoredRefreshToken {
  readonly refreshToken: string;
  /** When the refresh token was obtained or put here, in milliseconds since 1970. Its 90 days begin then. */
  readonly obtainedOnTimestamp: number;
  /**
   * Access tokens obtained with it, by what they were asked for, so that several replicas redeem the refresh token
   * once and not once each.
   */
  readonly accessTokens?: Readonly<Record<string, SharedAccessToken>>;
}

/** An access token that whoever shares the store may use. Times are milliseconds since 1970. */
export interface SharedAccessToken {
  readonly token: string;
  readonly acquiredOnTimestamp: number;
  readonly expiresOnTimestamp: number;
  readonly refreshAfterTimestamp?: number;
}
