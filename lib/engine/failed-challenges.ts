import { BoundedMap } from '../common/bounded-map.js';
import type { TokenUnavailableError } from './token-unavailable.error.js';

interface FailedChallenge {
  error: TokenUnavailableError;
  failures: number;
  retryAt: number;
  failedAt: number;
}

const mostRemembered = 20;

/**
 * Claims that could not be satisfied, each with the time before which it is not tried again. They are kept apart from the
 * failures of the plain token: what one challenge asks for says nothing about that.
 */
export class FailedChallenges {
  readonly #byClaims = new BoundedMap<string, FailedChallenge>(mostRemembered);

  /** The error to answer with, as long as another request would come too early. */
  errorFor(claims: string, now: number): TokenUnavailableError | undefined {
    const failed = this.#byClaims.get(claims);
    if (failed === undefined || now >= failed.retryAt || now < failed.failedAt) return undefined;
    return failed.error;
  }

  failuresOf(claims: string): number {
    return this.#byClaims.get(claims)?.failures ?? 0;
  }

  failed(claims: string, error: TokenUnavailableError, failedAt: number, retryAt: number): void {
    const failures = this.failuresOf(claims) + 1;
    this.#byClaims.set(claims, { error, failures, failedAt, retryAt });
  }

  answered(claims: string): void {
    this.#byClaims.delete(claims);
  }
}
