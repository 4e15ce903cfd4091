import { BoundedMap } from '../common/bounded-map.js';
import type { Timestamp } from '../common/clock.js';
import type { HeldAccessToken } from '../entra/held-access-token.js';
import type { TokenUnavailableError } from './token-unavailable.error.js';

interface FailedChallenge {
  error: TokenUnavailableError;
  failures: number;
  failedAt: Timestamp;
  retryAt: Timestamp;
}

const mostRemembered = 20;

/**
 * Answers to claims challenges by their claims: those under way, and those that failed with the time of the next try. They
 * are apart from the state of the entry, since a failed challenge tells nothing of the plain token.
 */
export class ClaimsChallenges {
  readonly #underWay = new Map<string, Promise<HeldAccessToken>>();
  #failed: BoundedMap<string, FailedChallenge> | undefined;

  get isUnderWay(): boolean {
    return this.#underWay.size > 0;
  }

  underWay(claims: string): Promise<HeldAccessToken> | undefined {
    return this.#underWay.get(claims);
  }

  begin(claims: string, answer: Promise<HeldAccessToken>): void {
    this.#underWay.set(claims, answer);
  }

  end(claims: string): void {
    this.#underWay.delete(claims);
  }

  /** The error to answer with, as long as another request would come too early. */
  errorFor(claims: string, now: Timestamp): TokenUnavailableError | undefined {
    const failed = this.#failed?.get(claims);
    if (failed === undefined || now >= failed.retryAt || now < failed.failedAt) return undefined;
    return failed.error;
  }

  /** @param retryAt when to try again, after so many failures in a row */
  fail(
    claims: string,
    error: TokenUnavailableError,
    failedAt: Timestamp,
    retryAt: (failures: number) => Timestamp,
  ): void {
    this.#failed ??= new BoundedMap(mostRemembered);
    const failures = (this.#failed.get(claims)?.failures ?? 0) + 1;
    this.#failed.set(claims, { error, failures, failedAt, retryAt: retryAt(failures) });
  }

  succeed(claims: string): void {
    this.#failed?.delete(claims);
  }
}
