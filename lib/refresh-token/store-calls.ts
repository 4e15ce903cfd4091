import type { Clock } from '../common/clock.js';
import { withDeadline } from '../common/deadline.js';
import { isEntraAuthError, type EntraAuthError } from '../common/entra-auth.error.js';
import { RefreshTokenStoreError } from '../store/refresh-token-store.error.js';
import { errorWithoutSecrets } from './error-without-secrets.js';

const fix = 'Check what the store keeps its data in; it is tried again.';

/** Gives calls of a store a deadline, and makes every error one of this package. */
export class StoreCalls {
  readonly #timeoutInMs: number;
  readonly #clock: Clock;
  readonly #secrets: () => readonly string[];

  /**
   * @param timeoutInMs deadline of a call
   * @param secrets what errors of the store may quote
   */
  constructor(timeoutInMs: number, clock: Clock, secrets: () => readonly string[] = () => []) {
    this.#timeoutInMs = timeoutInMs;
    this.#clock = clock;
    this.#secrets = secrets;
  }

  /**
   * Makes a call. Does not cancel it when it is late.
   *
   * @param what could not be done, for the error
   */
  async inTime<T>(call: () => Promise<T>, what: string, timeoutInMs = this.#timeoutInMs): Promise<T> {
    const onTimeout = (): Error => this.late(what, timeoutInMs);
    try {
      return await withDeadline(attempt(call), { timeoutInMs, clock: this.#clock, onTimeout });
    } catch (error) {
      throw this.errorOf(error, what);
    }
  }

  errorOf(error: unknown, what: string): EntraAuthError {
    if (isEntraAuthError(error)) return error;
    const cause = errorWithoutSecrets(error, this.#secrets());
    const problem = `The refresh token store ${what}: ${cause.message.replace(/\.$/, '')}.`;
    return new RefreshTokenStoreError(problem, fix, { cause });
  }

  late(what: string, timeoutInMs = this.#timeoutInMs): RefreshTokenStoreError {
    return new RefreshTokenStoreError(`The refresh token store ${what} within ${timeoutInMs} ms.`, fix);
  }
}

/** Rejects also where the store throws at once. */
async function attempt<T>(call: () => Promise<T>): Promise<T> {
  return call();
}
