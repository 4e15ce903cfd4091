import type { Clock } from '../common/clock.js';
import { redactError } from '../common/redaction.js';
import { classifyCredentialFailure, type CredentialFailure } from '../credential/credential-failure.js';
import type { HeldAccessToken } from '../entra/held-access-token.js';
import { InvalidTokenError } from '../entra/invalid-token.error.js';
import { FailedChallenges } from './failed-challenges.js';
import {
  livesOnlyAMoment,
  nextAttemptAfterFailedChallenge,
  nextAttemptAfterFailure,
  nextAttemptAfterSameToken,
} from './refresh-policy.js';
import type { TokenEntry } from './token-entry.js';
import type { TokenEventReporter } from './token-event.reporter.js';
import { TokenUnavailableError } from './token-unavailable.error.js';

/** Records in an entry what came of an attempt, decides when the next one is due, and reports both. */
export class AttemptOutcome {
  readonly #clock: Clock;
  readonly #report: TokenEventReporter;

  constructor(clock: Clock, report: TokenEventReporter) {
    this.#clock = clock;
    this.#report = report;
  }

  /** Holds a new token and hands it to all who wait. */
  adopt(entry: TokenEntry, token: HeldAccessToken): HeldAccessToken {
    if (livesOnlyAMoment(token)) return this.#adoptForAMoment(entry, token);
    const first = entry.held === undefined;
    const recovered = entry.consecutiveFailures > 0;
    entry.adopt(token, this.#clock.random());
    entry.deliver(token);
    this.#report.obtained(first ? 'acquired' : 'refreshed', entry, token);
    if (recovered) this.#report.held('recovered', entry, token);
    return token;
  }

  /**
   * Keeps the held token, because the credential had no other.
   *
   * @throws {InvalidTokenError} when a new one should have come
   */
  keep(entry: TokenEntry): HeldAccessToken {
    const now = this.#clock.now();
    const held = entry.unexpired(now);
    const next = held && nextAttemptAfterSameToken(held, now, this.#clock.random(), entry.resource.policy);
    if (held === undefined || next === undefined) throw unchanged();
    const recovered = entry.consecutiveFailures > 0;
    entry.recordSuccess(now, next);
    entry.deliver(held);
    this.#report.unchanged(entry, held);
    if (recovered) this.#report.held('recovered', entry, held);
    return held;
  }

  /**
   * Answers a challenge with the held token, because the credential ignores claims as managed identity does. The next
   * attempt stays where it was.
   *
   * @throws {InvalidTokenError} when none is held
   */
  keepDespiteClaims(entry: TokenEntry): HeldAccessToken {
    const held = entry.unexpired(this.#clock.now());
    if (held === undefined) throw unchanged();
    this.#report.unchanged(entry, held);
    return held;
  }

  /** Records a failure, and returns the error for callers. */
  fail(entry: TokenEntry, error: unknown): TokenUnavailableError {
    const now = this.#clock.now();
    // A token that a server rejected, or whose end is not known, gives no time to wait.
    const isInDoubt = entry.heldIsRejected || entry.heldIsFromTheFuture(now);
    const { unavailable, failure } = this.#recordFailure(
      entry,
      error,
      isInDoubt ? undefined : entry.unexpired(now),
    );
    this.#report.failed(entry, unavailable, failure);
    return unavailable;
  }

  /** Records that claims could not be satisfied. It affects only callers that were challenged: the held token stays valid. */
  failChallenge(entry: TokenEntry, claims: string, error: unknown): TokenUnavailableError {
    const now = this.#clock.now();
    const { failure, unavailable } = explain(entry, error, now);
    const challenges = (entry.failedChallenges ??= new FailedChallenges());
    const retryAt = nextAttemptAfterFailedChallenge(
      { ...failure, now, random: this.#clock.random(), failures: challenges.failuresOf(claims) + 1 },
      entry.resource.policy,
    );
    challenges.failed(claims, unavailable, now, retryAt);
    this.#report.failed(entry, unavailable, failure);
    return unavailable;
  }

  /** Serves a token to its end, and spaces the attempts out as after a failure: its end comes before the next one could. */
  #adoptForAMoment(entry: TokenEntry, token: HeldAccessToken): HeldAccessToken {
    const type = entry.held === undefined ? 'acquired' : 'refreshed';
    entry.hold(token);
    const { unavailable, failure } = this.#recordFailure(entry, endsAtOnce(token), undefined);
    entry.deliver(token);
    this.#report.obtained(type, entry, token);
    this.#report.failed(entry, unavailable, failure);
    return token;
  }

  /** @param held the token whose life gives time to wait, if there is one */
  #recordFailure(entry: TokenEntry, error: unknown, held: HeldAccessToken | undefined): Explanation {
    const now = this.#clock.now();
    const explanation = explain(entry, error, now);
    const next = nextAttemptAfterFailure(
      {
        ...explanation.failure,
        now,
        held,
        random: this.#clock.random(),
        failures: entry.consecutiveFailures + 1,
      },
      entry.resource.policy,
    );
    entry.recordFailure(explanation.unavailable, now, next);
    return explanation;
  }
}

function unchanged(): InvalidTokenError {
  const problem = 'The credential keeps returning the token that is about to expire.';
  return new InvalidTokenError(
    'unchanged',
    problem,
    'Check the cache of the credential; the request is repeated.',
  );
}

function endsAtOnce({ acquiredAt, expiresOnTimestamp }: HeldAccessToken): InvalidTokenError {
  const lifeInMs = Math.max(1, Math.round(expiresOnTimestamp - acquiredAt));
  const problem = `The credential returned a token that ends ${lifeInMs} ms after its receipt.`;
  const fix = "Check the times that the token endpoint sends, and this machine's clock.";
  return new InvalidTokenError('expired', problem, fix);
}

interface Explanation {
  failure: CredentialFailure;
  unavailable: TokenUnavailableError;
}

function explain(entry: TokenEntry, error: unknown, now: number): Explanation {
  const failure = classifyCredentialFailure(error, now);
  return {
    failure,
    unavailable: new TokenUnavailableError(entry.name, { ...failure, cause: redactError(error) }),
  };
}
