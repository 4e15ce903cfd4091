import type { Clock } from '../common/clock.js';
import { deferred, withDeadline } from '../common/deadline.js';
import type { EntraAuthError } from '../common/entra-auth.error.js';
import { isEncrypted, keyIdOf } from '../store/encrypted/token-cipher.js';
import { RefreshTokenUnreadableError } from '../store/refresh-token-store.error.js';
import type {
  RefreshTokenAccess,
  RefreshTokenSnapshot,
  RefreshTokenStore,
  StoredRefreshToken,
} from '../store/refresh-token-store.js';
import { faultOfGrant } from '../store/stored-refresh-token.js';
import { StoreCalls } from './store-calls.js';

// The caller waits for a token that has already arrived, within an attempt that ends after 20 seconds.
const longestWithTokenInMs = 5_000;

/** A store with a deadline on every call, and whose every error is one of this package. */
export class GuardedStore {
  readonly #store: RefreshTokenStore;
  readonly #timeoutInMs: number;
  readonly #clock: Clock;
  readonly #calls: StoreCalls;
  #unlocking: Promise<unknown> = Promise.resolve();
  /** The tokens last loaded and last saved, which errors of the store may quote. */
  readonly #known = { loaded: [] as string[], saved: [] as string[] };

  constructor(store: RefreshTokenStore, timeoutInMs: number, clock: Clock) {
    this.#store = store;
    this.#timeoutInMs = timeoutInMs;
    this.#clock = clock;
    this.#calls = new StoreCalls(timeoutInMs, clock, () => [...this.#known.loaded, ...this.#known.saved]);
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
      if (run.isGivenUp) throw this.#calls.late('could not be locked');
      run.working = work(this.#bounded(access));
      begun.resolve();
      await Promise.allSettled([run.working]);
    });
    let failure: unknown = this.#calls.late('did not run the work');
    try {
      await withDeadline(Promise.race([begun.promise, holding]), {
        timeoutInMs: this.#timeoutInMs * 2,
        clock: this.#clock,
        onTimeout: () => this.#calls.late('could not be locked'),
      });
    } catch (error) {
      failure = error;
    }
    if (run.working === undefined) {
      run.isGivenUp = true;
      return instead(this.#calls.errorOf(failure, 'could not be locked'));
    }
    await Promise.allSettled([run.working]);
    // A failed release changes nothing that was stored.
    const released = Promise.allSettled([holding]);
    this.#unlocking = this.#calls
      .inTime(() => released, 'was not unlocked', this.#shortTimeoutInMs)
      .catch(() => undefined);
    return run.working;
  }

  /** Rejects also where the store throws at once. */
  async #hold(work: (access: RefreshTokenAccess) => Promise<void>): Promise<void> {
    await this.#store.exclusive(work, { timeoutInMs: this.#timeoutInMs });
  }

  #bounded(access: RefreshTokenAccess): RefreshTokenAccess {
    return {
      load: async () => {
        const snapshot = checkStored(await this.#calls.inTime(() => access.load(), 'could not be read'));
        this.#known.loaded = tokensOf(snapshot?.value);
        return snapshot;
      },
      save: (value, version) => {
        this.#known.saved = tokensOf(value);
        const save = (): Promise<RefreshTokenSnapshot> => access.save(value, version);
        return this.#calls.inTime(save, 'could not be written', this.#shortTimeoutInMs);
      },
    };
  }

  get #shortTimeoutInMs(): number {
    return Math.min(this.#timeoutInMs, longestWithTokenInMs);
  }
}

function tokensOf(value: StoredRefreshToken | undefined): string[] {
  if (value === undefined) return [];
  const accessTokens = Object.values(value.accessTokens ?? {}).map(({ token }) => token);
  return [value.refreshToken, ...accessTokens.filter((token) => typeof token === 'string' && token !== '')];
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
