/** What a fake resource hands out: always the same token, or one for each number, counted from 1. */
export type FakeTokenValue = string | ((count: number) => string);

/** An access token, as `@azure/core-auth` shapes it. */
export interface FakeAccessToken {
  token: string;
  /** When it expires, in milliseconds since the Unix epoch. */
  expiresOnTimestamp: number;
}

/** Why attempts fail; the shape of every error of this package. */
export interface FakeTokenError extends Error {
  code: 'ENTRA_TOKEN_UNAVAILABLE' | 'ENTRA_RESOURCE_UNKNOWN';
  /** Whether the same call may succeed later although nothing is changed. */
  retryable: boolean;
  /** What to do about it; also the end of the message. */
  fix: string;
}

/** An event of a fake resource, but for its name. */
export type FakeTokenChange =
  | { type: 'acquired' | 'refreshed'; at: Date; expiresAt: Date; nextRefreshAt: Date; durationInMs: number }
  | { type: 'rejected' | 'expired' | 'recovered'; at: Date; expiresAt: Date }
  | {
      type: 'refresh-failed';
      at: Date;
      error: FakeTokenError;
      consecutiveFailures: number;
      nextRefreshAt: Date;
    };

/** Where a fake token stands, in the words of the real service. */
export interface FakeTokenState {
  /** Where the token stands. */
  state: 'pending' | 'fresh' | 'degraded' | 'expired';
  /** When the held token was obtained. */
  acquiredAt?: Date;
  /** When the held token expires. */
  expiresAt?: Date;
  /** When the next token is obtained. */
  nextRefreshAt?: Date;
  /** How many tokens have been obtained. */
  refreshes: number;
  /** How many attempts have failed. */
  failures: number;
  /** How many attempts have failed since the last success. */
  consecutiveFailures: number;
  /** Why attempts fail; absent while they succeed. */
  lastError?: string;
  /** What to do about that. */
  remedy?: string;
}

/** What tells the fakes of one set apart. */
interface FakeTokenSettings {
  value: FakeTokenValue;
  lifetimeInMs: number;
  now: () => number;
  emit: (change: FakeTokenChange) => void;
}

/**
 * The token of one resource. It has no timer: what the real service does in the background happens when the next call
 * looks, with the times that it would have had.
 */
export class FakeToken {
  readonly #settings: FakeTokenSettings;
  #acquiredAt = 0;
  #expiresAt = 0;
  #token: string | undefined;
  #isRejected = false;
  #saidExpired = false;
  #error: FakeTokenError | undefined;
  #refreshes = 0;
  #failures = 0;
  #consecutiveFailures = 0;

  constructor(settings: FakeTokenSettings) {
    this.#settings = settings;
  }

  /** @throws FakeTokenError when attempts fail and no valid token is held */
  get(): FakeAccessToken {
    this.#catchUp();
    if (this.#valid()) return { token: this.#token ?? '', expiresOnTimestamp: this.#expiresAt };
    return this.renew();
  }

  /** @throws FakeTokenError when attempts fail */
  renew(): FakeAccessToken {
    const { now, value, lifetimeInMs, emit } = this.#settings;
    if (this.#error !== undefined) throw this.#noteFailure(this.#error);
    const first = this.#refreshes === 0;
    const hasRecovered = this.#consecutiveFailures > 0 && !first;
    this.#refreshes += 1;
    this.#token = typeof value === 'string' ? value : value(this.#refreshes);
    this.#acquiredAt = now();
    this.#expiresAt = this.#acquiredAt + lifetimeInMs;
    this.#isRejected = this.#saidExpired = false;
    this.#consecutiveFailures = 0;
    const times = { at: new Date(now()), expiresAt: new Date(this.#expiresAt) };
    emit({
      type: first ? 'acquired' : 'refreshed',
      ...times,
      nextRefreshAt: this.#refreshAt(),
      durationInMs: 0,
    });
    if (hasRecovered) emit({ type: 'recovered', ...times });
    return { token: this.#token, expiresOnTimestamp: this.#expiresAt };
  }

  /** Fails one attempt and all that follow. A token that is held serves on. */
  fail(error: FakeTokenError): void {
    this.#error = error;
    this.#noteFailure(error);
  }

  recover(): void {
    if (this.#error === undefined) return;
    this.#error = undefined;
    this.renew();
  }

  /** Ends the held token now. */
  expire(): void {
    if (this.#token === undefined) return;
    this.#expiresAt = Math.min(this.#expiresAt, this.#settings.now());
    this.#sayExpired();
  }

  /** Replaces the held token, if it is this one; a failure leaves it in use. */
  reject(token: string): void {
    if (token !== this.#token || !this.#valid()) return;
    this.#isRejected = true;
    const { now, emit } = this.#settings;
    emit({ type: 'rejected', at: new Date(now()), expiresAt: new Date(this.#expiresAt) });
    if (this.#error === undefined) this.renew();
    else this.#noteFailure(this.#error);
  }

  state(): FakeTokenState {
    this.#catchUp();
    const holds = this.#token !== undefined;
    return {
      state: this.#stateName(),
      ...(holds && { acquiredAt: new Date(this.#acquiredAt), expiresAt: new Date(this.#expiresAt) }),
      ...(holds && { nextRefreshAt: this.#refreshAt() }),
      refreshes: this.#refreshes,
      failures: this.#failures,
      consecutiveFailures: this.#consecutiveFailures,
      ...(this.#error && { lastError: this.#error.message, remedy: this.#error.fix }),
    };
  }

  #stateName(): FakeTokenState['state'] {
    if (this.#token === undefined) return 'pending';
    if (!this.#valid()) return 'expired';
    return this.#error !== undefined || this.#isRejected ? 'degraded' : 'fresh';
  }

  /** Does what was due since the last look: a refresh at half of the life, or the end of the token. */
  #catchUp(): void {
    const { now } = this.#settings;
    if (this.#token === undefined) return;
    if (this.#error !== undefined) return this.#valid() ? undefined : this.#sayExpired();
    if (this.#valid() && now() >= this.#refreshAt().getTime()) this.renew();
  }

  #sayExpired(): void {
    if (this.#saidExpired) return;
    this.#saidExpired = true;
    const { now, emit } = this.#settings;
    emit({ type: 'expired', at: new Date(now()), expiresAt: new Date(this.#expiresAt) });
  }

  #noteFailure(error: FakeTokenError): FakeTokenError {
    const { now, emit } = this.#settings;
    this.#failures += 1;
    this.#consecutiveFailures += 1;
    emit({
      type: 'refresh-failed',
      at: new Date(now()),
      error,
      consecutiveFailures: this.#consecutiveFailures,
      nextRefreshAt: new Date(now() + 1_000),
    });
    return error;
  }

  #valid(): boolean {
    return this.#token !== undefined && this.#settings.now() < this.#expiresAt;
  }

  #refreshAt(): Date {
    return new Date(this.#acquiredAt + (this.#expiresAt - this.#acquiredAt) / 2);
  }
}
