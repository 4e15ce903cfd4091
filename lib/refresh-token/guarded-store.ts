import type { Clock } from '../common/clock.js';
import { deferred, withDeadline } from '../common/deadline.js';
import { isEntraAuthError, type EntraAuthError } from '../common/entra-auth.error.js';
import { isEncrypted, keyIdOf } from '../store/encrypted/token-cipher.js';
import { RefreshTokenStoreError, RefreshTokenUnreadableError } from '../store/refresh-token-store.error.js';
import type {
  RefreshTokenAccess,
  RefreshTokenSnapshot,
  RefreshTokenStore,
  StoredRefreshToken,
} from '../store/refresh-token-store.js';
import { faultOfGrant } from '../store/stored-refresh-token.js';
import { errorWithoutSecrets } from './error-without-secrets.js';

// The caller waits for a token that has already arrived, within an attempt that ends after 20 seconds.
const longestWithTokenInMs = 5_000;

/** A store with a deadline on every call, and whose every error is one of this package. */
export class GuardedStore {
  readonly #store: RefreshTokenStore;
  readonly #timeoutInMs: number;
  readonly #clock: Clock;
  #unlocking: Promise<unknown> = Promise.resolve();
  /** The tokens last loaded and last saved, which errors of the store may quote. */
  readonly #known = { loaded: [] as string[], saved: [] as string[] };

  constructor(store: RefreshTokenStore, timeoutInMs: number, clock: Clock) {
    this.#store = store;
    this.#timeoutInMs = timeoutInMs;
    this.#clock = clock;
  }

  /** Loads for information only: without a deadline, so that no timer keeps the process alive. */
  async peek(): Promise<RefreshTokenSnapshot | undefined> {
    return checkStored(await this.#store.load());
  }

  /** Resolves when the last work has released the lock, or the store failed to release it in time. */
  async unlocked(): Promise<void> {
    await this.#unlocking;
  }

  /**
   * Runs the work under the store's lock. The result does not wait for the release of the lock; the next work does.
   *
   * @param instead runs in place of the work when the lock was not acquired
   * @throws what the work or `instead` throws
   */
  async withLock<T>(
    work: (access: RefreshTokenAccess) => Promise<T>,
    instead: (failure: EntraAuthError) => Promise<T>,
  ): Promise<T> {
    await this.#unlocking;
    const run: { working?: Promise<T>; isGivenUp?: true } = {};
    const begun = deferred<void>();
    const holding = this.#hold(async (access) => {
      if (run.isGivenUp) throw this.#late('could not be locked');
      run.working = work(this.#bounded(access));
      begun.resolve();
      await Promise.allSettled([run.working]);
    });
    let failure: unknown = this.#late('did not run the work');
    try {
      await withDeadline(Promise.race([begun.promise, holding]), {
        timeoutInMs: this.#timeoutInMs * 2,
        clock: this.#clock,
        onTimeout: () => this.#late('could not be locked'),
      });
    } catch (error) {
      failure = error;
    }
    if (run.working === undefined) {
      run.isGivenUp = true;
      return instead(this.#storeError(failure, 'could not be locked'));
    }
    await Promise.allSettled([run.working]);
    // A failed release changes nothing that was stored.
    const released = Promise.allSettled([holding]);
    this.#unlocking = this.#inTime(released, 'was not unlocked', this.#shortTimeoutInMs).catch(
      () => undefined,
    );
    return run.working;
  }

  /** Rejects also where the store throws at once. */
  async #hold(work: (access: RefreshTokenAccess) => Promise<void>): Promise<void> {
    await this.#store.exclusive(work, { timeoutInMs: this.#timeoutInMs });
  }

  #bounded(access: RefreshTokenAccess): RefreshTokenAccess {
    return {
      load: async () => {
        const loading = attempt(() => access.load());
        const snapshot = checkStored(await this.#inTime(loading, 'could not be read'));
        this.#known.loaded = tokensOf(snapshot?.value);
        return snapshot;
      },
      save: (value, version) => {
        this.#known.saved = tokensOf(value);
        const saving = attempt(() => access.save(value, version));
        return this.#inTime(saving, 'could not be written', this.#shortTimeoutInMs);
      },
    };
  }

  get #shortTimeoutInMs(): number {
    return Math.min(this.#timeoutInMs, longestWithTokenInMs);
  }

  async #inTime<T>(promise: Promise<T>, what: string, timeoutInMs = this.#timeoutInMs): Promise<T> {
    try {
      return await withDeadline(promise, {
        timeoutInMs,
        clock: this.#clock,
        onTimeout: () => this.#late(what, timeoutInMs),
      });
    } catch (error) {
      throw this.#storeError(error, what);
    }
  }

  #storeError(error: unknown, what: string): EntraAuthError {
    if (isEntraAuthError(error)) return error;
    const cause = errorWithoutSecrets(error, [...this.#known.loaded, ...this.#known.saved]);
    return new RefreshTokenStoreError(
      `The refresh token store ${what}: ${cause.message.replace(/\.$/, '')}.`,
      'Check what the store keeps its data in; it is tried again.',
      { cause },
    );
  }

  #late(what: string, timeoutInMs = this.#timeoutInMs): RefreshTokenStoreError {
    return new RefreshTokenStoreError(
      `The refresh token store ${what} within ${timeoutInMs} ms.`,
      'Check what the store keeps its data in; it is tried again.',
    );
  }
}

function tokensOf(value: StoredRefreshToken | undefined): string[] {
  if (value === undefined) return [];
  const accessTokens = Object.values(value.accessTokens ?? {}).map(({ token }) => token);
  return [value.refreshToken, ...accessTokens.filter((token) => typeof token === 'string' && token !== '')];
}

/** Rejects also where the store throws at once. */
async function attempt<T>(call: () => Promise<T>): Promise<T> {
  return call();
}

/** Lets nothing out of the store that must not be sent to a server, and so lets nothing overwrite it. */
function checkStored(snapshot: RefreshTokenSnapshot | undefined | null): RefreshTokenSnapshot | undefined {
  // Many database clients return `null` for nothing.
  if (snapshot === undefined || snapshot === null) return undefined;
  const fault = faultOfGrant(snapshot.value);
  if (fault !== undefined) {
    throw new RefreshTokenUnreadableError(
      `What the refresh token store holds is not a refresh token: ${fault}.`,
      'Store a refresh token and the time when it was obtained.',
    );
  }
  if (isEncrypted(snapshot.value.refreshToken)) throw encrypted(snapshot.value.refreshToken);
  return snapshot;
}

function encrypted(refreshToken: string): RefreshTokenUnreadableError {
  const keyId = keyIdOf(refreshToken);
  const named = keyId === undefined ? '' : ` with the key "${keyId}"`;
  return new RefreshTokenUnreadableError(
    `What the refresh token store holds is encrypted${named}, and the store was given without keys. It is left as it is.`,
    'Wrap the store in an `EncryptedRefreshTokenStore` with that key.',
  );
}
