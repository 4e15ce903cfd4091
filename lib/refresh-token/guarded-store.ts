import type { Clock } from '../common/clock.js';
import { withDeadline } from '../common/deadline.js';
import { deferred } from '../common/deadline.js';
import { isEntraAuthError, type EntraAuthError } from '../common/entra-auth.error.js';
import { isEncrypted, keyIdOf } from '../store/encrypted/token-cipher.js';
import { RefreshTokenStoreError } from '../store/refresh-token-store.error.js';
import type {
  RefreshTokenAccess,
  RefreshTokenSnapshot,
  RefreshTokenStore,
  StoredRefreshToken,
} from '../store/refresh-token-store.js';
import { RefreshTokenUnreadableError } from '../store/refresh-token-unreadable.error.js';
import { errorWithoutSecrets } from './known-secrets.js';

/** What came of asking for the store: the result of the work, or why the work could not begin. */
export type ExclusiveOutcome<T> = { value: T } | { failure: EntraAuthError };

type Settled<T> = { value: T } | { thrown: unknown };

// A token has arrived and is waited for, within an attempt that ends after 20 seconds.
const longestWithTokenInMs = 5_000;

/** A store whose every answer comes in time, and whose every error is one of this package. */
export class GuardedStore {
  readonly #store: RefreshTokenStore;
  readonly #timeoutInMs: number;
  readonly #clock: Clock;
  #leaving: Promise<unknown> = Promise.resolve();
  /** The tokens that the store was last seen with and last given: its errors may quote them. */
  readonly #known = { loaded: [] as string[], saved: [] as string[] };

  constructor(store: RefreshTokenStore, timeoutInMs: number, clock: Clock) {
    this.#store = store;
    this.#timeoutInMs = timeoutInMs;
    this.#clock = clock;
  }

  /** What the store holds, for information only: without a deadline, so that no timer keeps the process alive. */
  async peek(): Promise<RefreshTokenSnapshot | undefined> {
    return checkStored(await this.#store.load());
  }

  /** When the store has been left after the last work, or does not let go in time. */
  async left(): Promise<void> {
    await this.#leaving;
  }

  /**
   * Does the work while nobody else uses the store. The result does not wait until the store has been left: `left` does,
   * and so does the next work.
   *
   * @returns the failure when the work has not begun, and will not
   * @throws what the work throws
   */
  async exclusive<T>(work: (access: RefreshTokenAccess) => Promise<T>): Promise<ExclusiveOutcome<T>> {
    await this.#leaving;
    const done = deferred<Settled<T>>();
    let begun = false;
    let givenUp = false;
    const holding = this.#hold(async (access) => {
      if (givenUp) throw this.#late('could not be had');
      begun = true;
      const settled = await settle(work(this.#bounded(access)));
      done.resolve(settled);
    });
    // Either the work is done, or the store has failed before it began.
    const entered = holding.then(() => undefined);
    const waiting = withDeadline(Promise.race([done.promise, entered]), {
      timeoutInMs: this.#timeoutInMs * 2,
      clock: this.#clock,
      onTimeout: () => this.#late('could not be had'),
    });
    try {
      await waiting;
    } catch (error) {
      if (!begun) {
        givenUp = true;
        return { failure: this.#storeError(error, 'could not be had') };
      }
    }
    if (!begun) return { failure: this.#late('did not do the work') };
    const outcome = await done.promise;
    // What goes wrong in leaving it changes nothing that was stored.
    this.#leaving = this.#inTime(settle(holding), 'was not left', this.#shortTimeoutInMs).catch(
      () => undefined,
    );
    if ('thrown' in outcome) throw outcome.thrown;
    return outcome;
  }

  /** The store's own promise, also when it throws at once. */
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

/** A store that throws where it should reject is taken the same way. */
async function attempt<T>(call: () => Promise<T>): Promise<T> {
  return call();
}

function settle<T>(promise: Promise<T>): Promise<Settled<T>> {
  return promise.then(
    (value) => ({ value }),
    (thrown: unknown) => ({ thrown }),
  );
}

/** What must not be sent to a server does not come out of the store, nor is it overwritten. */
function checkStored(snapshot: RefreshTokenSnapshot | undefined | null): RefreshTokenSnapshot | undefined {
  // `null` is what many databases' clients answer for nothing.
  if (snapshot === undefined || snapshot === null) return undefined;
  const { refreshToken, obtainedOnTimestamp } = snapshot.value;
  const whole =
    typeof refreshToken === 'string' && refreshToken !== '' && Number.isFinite(obtainedOnTimestamp);
  if (whole && isEncrypted(refreshToken)) throw encrypted(refreshToken);
  if (whole) return snapshot;
  throw new RefreshTokenUnreadableError(
    'The refresh token store holds something that is no refresh token.',
    'Put a refresh token and the time when it was obtained into the store.',
  );
}

function encrypted(refreshToken: string): RefreshTokenUnreadableError {
  const keyId = keyIdOf(refreshToken);
  const named = keyId === undefined ? '' : ` with the key "${keyId}"`;
  return new RefreshTokenUnreadableError(
    `What the refresh token store holds is encrypted${named}, and the store was given without its keys. It is left as it is.`,
    'Give the credential an `EncryptedRefreshTokenStore` with that key around the store.',
  );
}
