import type { Timestamp } from '../common/clock.js';
import { isEntraAuthError, type EntraAuthError } from '../common/entra-auth.error.js';
import { asError } from '../common/thrown.js';
import { RefreshTokenStoreError } from '../store/refresh-token-store.error.js';
import type {
  RefreshTokenAccess,
  RefreshTokenSnapshot,
  StoredRefreshToken,
} from '../store/refresh-token-store.js';
import { GuardedStore } from './guarded-store.js';
import { RefreshTokenMemory } from './refresh-token-memory.js';
import type { RefreshTokenSettings } from './refresh-token.settings.js';

/** The stored refresh token, and how to save its successor. */
export interface KeptRefreshToken {
  /** `undefined` when the store is empty or could not be read. */
  readonly stored: StoredRefreshToken | undefined;
  /** Saves the successor, or keeps it in memory until that succeeds. Never rejects. */
  save(next: StoredRefreshToken, redeemed: StoredRefreshToken): Promise<void>;
}

/** Loads and saves refresh tokens, and keeps them in memory while the store fails. */
export class RefreshTokenKeeper {
  readonly memory = new RefreshTokenMemory();
  /** The last failure of the store; `undefined` after a success. */
  problem: EntraAuthError | undefined;
  readonly #store: GuardedStore;
  readonly #stop: boolean;
  #peeked: StoredRefreshToken | undefined;
  #peeking = false;

  constructor({ store, storeTimeoutInMs, stopWhenStoreFails, transport }: RefreshTokenSettings) {
    this.#store = new GuardedStore(store, storeTimeoutInMs, transport.clock);
    this.#stop = stopWhenStoreFails;
  }

  /**
   * Returns when the refresh token was obtained. Before its first use the store is read in the background, for a later call.
   */
  obtainedOn(): Timestamp | undefined {
    const known = this.memory.latest ?? this.#peeked;
    if (known === undefined && !this.#peeking) void this.#peek();
    return known?.obtainedOnTimestamp;
  }

  async #peek(): Promise<void> {
    this.#peeking = true;
    try {
      this.#peeked = (await this.#store.peek())?.value;
    } catch {
      // The next use of the store reports its failure.
    } finally {
      this.#peeking = false;
    }
  }

  /**
   * Runs work with the refresh token under the lock of the store.
   *
   * @throws {RefreshTokenStoreError} when the store fails and `whenStoreFails` is `'stop'`
   * @throws what the work throws
   */
  async use<T>(work: (kept: KeptRefreshToken) => Promise<T>): Promise<T> {
    const withoutStore = (failure: unknown): Promise<T> => this.#withoutStore(failure, work);
    return this.#store.withLock(async (access) => {
      let snapshot: RefreshTokenSnapshot | undefined;
      try {
        snapshot = await this.#load(access);
      } catch (error) {
        return withoutStore(error);
      }
      return work({
        stored: snapshot?.value,
        save: (next, redeemed) => this.#save(access, snapshot, next, redeemed),
      });
    }, withoutStore);
  }

  /** Retries once to save what is unsaved, and waits until the store is unlocked. */
  async flush(): Promise<void> {
    if (this.memory.unsaved !== undefined) {
      const load = (access: RefreshTokenAccess): Promise<unknown> => this.#load(access);
      await this.#store
        .withLock(load, (failure) => Promise.reject(failure))
        .catch((error: unknown) => (this.problem = asStoreError(error)));
    }
    await this.#store.unlocked();
  }

  /** Loads what the store holds, after saving what is unsaved. */
  async #load(access: RefreshTokenAccess): Promise<RefreshTokenSnapshot | undefined> {
    const snapshot = await access.load();
    this.problem = undefined;
    if (snapshot !== undefined) this.memory.recover(snapshot.value.refreshToken);
    const settled = await this.#settle(access, snapshot);
    if (settled !== undefined && this.memory.unsaved === undefined) this.memory.latest = settled.value;
    return settled;
  }

  async #settle(
    access: RefreshTokenAccess,
    snapshot: RefreshTokenSnapshot | undefined,
  ): Promise<RefreshTokenSnapshot | undefined> {
    const { unsaved } = this.memory;
    if (unsaved === undefined) return snapshot;
    const { value, follows } = unsaved;
    const stored = snapshot?.value.refreshToken;
    if (stored === value.refreshToken) {
      // A write that had timed out succeeded after all.
      this.memory.unsaved = undefined;
      return snapshot;
    }
    if (stored !== undefined && !follows.includes(stored)) {
      // Another process has saved since: its refresh token stays, ours becomes the fallback.
      this.memory.addFallback(value);
      this.memory.unsaved = undefined;
      return snapshot;
    }
    try {
      const accessTokens = { ...snapshot?.value.accessTokens, ...value.accessTokens };
      const merged = Object.keys(accessTokens).length === 0 ? value : { ...value, accessTokens };
      const saved = await access.save(merged, snapshot?.version);
      this.memory.unsaved = undefined;
      return saved;
    } catch (error) {
      this.problem = asStoreError(error);
      return snapshot;
    }
  }

  async #save(
    access: RefreshTokenAccess,
    snapshot: RefreshTokenSnapshot | undefined,
    next: StoredRefreshToken,
    redeemed: StoredRefreshToken,
  ): Promise<void> {
    this.memory.latest = next;
    const stored = snapshot?.value.refreshToken;
    try {
      await access.save(next, snapshot?.version);
      this.memory.unsaved = undefined;
      this.problem = undefined;
    } catch (error) {
      if (next.refreshToken !== stored) {
        this.memory.keep(next, [...(stored === undefined ? [] : [stored]), redeemed.refreshToken]);
      }
      this.problem = asStoreError(error);
      if (this.problem.code === 'ENTRA_REFRESH_TOKEN_CONFLICT') await this.#yield(access);
    }
  }

  /** Loads what another process has saved in spite of the lock. */
  async #yield(access: RefreshTokenAccess): Promise<void> {
    try {
      await this.#load(access);
    } catch (error) {
      this.problem = asStoreError(error);
    }
  }

  async #withoutStore<T>(error: unknown, work: (kept: KeptRefreshToken) => Promise<T>): Promise<T> {
    this.problem = asStoreError(error);
    // An unsaved refresh token is the newest: no other process can have it.
    if (this.#stop && this.memory.unsaved === undefined) throw this.problem;
    return work({
      stored: undefined,
      save: (next, redeemed) => {
        this.memory.latest = next;
        if (next.refreshToken !== redeemed.refreshToken) this.memory.keep(next, [redeemed.refreshToken]);
        return Promise.resolve();
      },
    });
  }
}

function asStoreError(error: unknown): EntraAuthError {
  if (isEntraAuthError(error)) return error;
  return new RefreshTokenStoreError(
    `The refresh token store failed: ${asError(error).message}.`,
    'It is tried again.',
  );
}
