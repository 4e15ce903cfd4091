import type { Timestamp } from '../../common/clock.js';
import type { ExclusiveOptions, RefreshTokenStore, StoredRefreshToken } from '../refresh-token-store.js';

/** Keeps the refresh tokens of many users, each under a key of its own. */
export interface SignInStore {
  /**
   * The store of one user's refresh token. Makes no request.
   *
   * @param key 1 to 128 bytes in UTF-8
   * @throws {EntraOptionsError} for what cannot be a key
   */
  of(key: string): RefreshTokenStore;

  /**
   * Deletes what is stored under a key, also what is damaged or encrypted with a missing key.
   *
   * @returns whether there was anything
   * @throws {RefreshTokenStoreError} when it cannot be deleted
   */
  delete(key: string, options?: ExclusiveOptions): Promise<boolean>;

  /**
   * Lists by the bytes of the keys in UTF-8.
   *
   * @throws {RefreshTokenStoreError} when the store cannot be read
   */
  list(page: SignInPage): Promise<readonly StoredSignIn[]>;

  /**
   * Lists with what is stored. Without it, `forgetUser` loads each sign-in by itself.
   *
   * @throws {RefreshTokenStoreError} when the store cannot be read
   */
  loadPage?(page: SignInPage): Promise<readonly LoadedSignIn[]>;
}

/** Which part of a list. */
export interface SignInPage {
  /** How many at the most. */
  limit: number;
  /** The key before the first. Default: from the beginning. */
  after?: string | undefined;
}

/** One line of a list. */
export interface StoredSignIn {
  /** What the sign-in is stored under. */
  readonly key: string;
  /** When the refresh token was obtained; `undefined` for a record that cannot be read. */
  readonly obtainedOnTimestamp: Timestamp | undefined;
}

/** One sign-in of a page. */
export interface LoadedSignIn {
  /** What it is stored under. */
  readonly key: string;
  /** What is stored; `undefined` for a record that cannot be read. */
  readonly value: StoredRefreshToken | undefined;
}

/** The lines of a list, without what is stored. */
export function linesOf(page: readonly LoadedSignIn[]): StoredSignIn[] {
  return page.map(({ key, value }) => ({ key, obtainedOnTimestamp: value?.obtainedOnTimestamp }));
}
