import { hash } from 'node:crypto';

import type { EntraAuthError } from '../../common/entra-auth.error.js';
import { withoutFrames } from '../../common/thrown.js';
import { ReauthenticationRequiredError } from '../../entra/token-endpoint.error.js';
import type {
  ExclusiveOptions,
  RefreshTokenAccess,
  RefreshTokenSnapshot,
  RefreshTokenStore,
  StoredRefreshToken,
  StoredUser,
} from '../../store/refresh-token-store.js';

/** A refusal of a refresh token, which stands until another one is stored. */
export interface Refusal {
  readonly error: EntraAuthError;
  /** Of the refused refresh token. */
  readonly digest: string;
}

/** Nothing is stored under a key: the sign-in has ended, or never was. */
export class NoSignInError extends ReauthenticationRequiredError {
  constructor() {
    super('There is no sign-in under this key.', 'Sign the user in and call `adopt`.');
  }
}

/**
 * The store of one user's refresh token for its redemption. Loading fails when nothing is stored, so that a sign-in that was
 * forgotten does not return from memory, and when what is stored has been refused already.
 */
export class AttentiveStore implements RefreshTokenStore {
  readonly #store: RefreshTokenStore;
  /** Called when nothing is stored. */
  readonly #onMissing: () => void;
  #refusal: Refusal | undefined;
  #loaded: StoredRefreshToken | undefined;

  constructor(store: RefreshTokenStore, onMissing: () => void) {
    this.#store = store;
    this.#onMissing = onMissing;
  }

  /** Whose sign-in was loaded last. */
  get user(): StoredUser | undefined {
    return this.#loaded?.user;
  }

  get refusal(): Refusal | undefined {
    return this.#refusal;
  }
  set refusal(refusal: Refusal | undefined) {
    this.#refusal = refusal;
  }

  /** Notes that what was loaded last has been refused. */
  refuse(error: EntraAuthError): void {
    if (this.#loaded === undefined) return;
    this.#refusal = { error: withoutFrames(error), digest: digestOf(this.#loaded) };
  }

  load(): Promise<RefreshTokenSnapshot> {
    return this.#load(this.#store);
  }

  save(value: StoredRefreshToken, expectedVersion: string | undefined): Promise<RefreshTokenSnapshot> {
    return this.#store.save(value, expectedVersion);
  }

  exclusive<T>(work: (access: RefreshTokenAccess) => Promise<T>, options?: ExclusiveOptions): Promise<T> {
    return this.#store.exclusive(
      (access) =>
        work({
          load: () => this.#load(access),
          save: (value, expectedVersion) => access.save(value, expectedVersion),
        }),
      options,
    );
  }

  async #load(from: RefreshTokenAccess): Promise<RefreshTokenSnapshot> {
    const snapshot = await from.load();
    this.#loaded = snapshot?.value;
    if (snapshot === undefined) {
      this.#onMissing();
      throw new NoSignInError();
    }
    if (this.#refusal !== undefined && this.#refusal.digest === digestOf(snapshot.value)) {
      throw this.#refusal.error;
    }
    this.#refusal = undefined;
    return snapshot;
  }
}

function digestOf({ refreshToken }: StoredRefreshToken): string {
  return hash('sha256', refreshToken, 'base64url');
}
